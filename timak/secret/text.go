// Package secret holds texts that must not be shown or logged: passwords, and
// addresses that contain passwords.
package secret

// Text is a text that fmt, slog, encoding/json and other code that inspects values
// do not reveal, not even in an unexported struct field, where fmt calls no
// methods. The zero Text is empty.
//
//	opts := riakstore.Options{User: "blog", Password: secret.New(os.Getenv("RIAK_PASSWORD"))}
type Text struct {
	reveal func() string // a function, as nothing prints what one returns; nil if empty
}

// New returns text as a Text.
func New(text string) Text {
	if text == "" {
		return Text{}
	}
	return Text{func() string { return text }}
}

// Reveal returns the text itself, for the code that logs in with it.
func (t Text) Reveal() string {
	if t.reveal == nil {
		return ""
	}
	return t.reveal()
}

// String returns "[secret]", or "" for an empty Text.
func (t Text) String() string {
	if t.reveal == nil {
		return ""
	}
	return "[secret]"
}

// MarshalText returns the same as String; the text cannot be read back from it.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
