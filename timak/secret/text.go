// Package secret holds texts that are for one program's use and nobody's eyes:
// passwords, and addresses with passwords in them.
package secret

// Text is a text that fmt, slog, JSON and whatever else looks at values do not
// show, also where it lies in a struct's unexported field, in which fmt calls no
// methods. The zero Text is empty.
//
//	opts := riakstore.Options{User: "blog", Password: secret.New(os.Getenv("RIAK_PASSWORD"))}
type Text struct {
	reveal func() string // a function, for nothing looks into one; nil if empty
}

// New returns text as a Text.
func New(text string) Text {
	if text == "" {
		return Text{}
	}
	return Text{func() string { return text }}
}

// Reveal returns the text itself, for who needs it to get in.
func (t Text) Reveal() string {
	if t.reveal == nil {
		return ""
	}
	return t.reveal()
}

// String returns "[secret]", or nothing of an empty Text.
func (t Text) String() string {
	if t.reveal == nil {
		return ""
	}
	return "[secret]"
}

// MarshalText returns what String does: nothing can be read back from it.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
