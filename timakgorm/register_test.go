package timakgorm_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Columns has a field of every kind that a rule may name or may not.
type Columns struct {
	ID        uint
	AuthorID  uint
	Title     string
	Published bool
	Score     float64
	Blob      []byte
	Raw       string   `gorm:"type:bytea"`
	Price     string   `gorm:"type:numeric(10,2)"`
	Payload   string   `gorm:"type:jsonb"`
	Labels    []string `gorm:"serializer:json"`
	EditedAt  *time.Time
	SentAt    sql.NullTime
	Hidden    string `gorm:"-"`
	CreatedAt time.Time
}

// Undated has no date to order by, unless a rule names Score.
type Undated struct {
	ID        uint
	Score     int64
	Rank      *int
	CreatedAt string
}

// broken is a model that Register must refuse, and what it must say.
type broken struct {
	model any
	want  string
}

// What the messages end with.
const (
	oneOf     = "with a column: expected one of ID, AuthorID, Title, Published, Score, Blob, Raw, Price, Payload, Labels, EditedAt, SentAt, CreatedAt"
	textual   = ": expected an integer, a text, a bool or a UUID"
	separated = "must be set off by a separator such as : or /, as values may hold letters, digits, - _ . and %"
	oneBool   = "expected one bool field, or ! and one: keep a combined condition in a column of its own"
	undated   = "may be NULL: expected when=Field as well, which is false while there is no date"
)

// unbraced is what is said of a word that is a field.
func unbraced(word, field string) string {
	return " has " + word + " without braces, which is the same for every row: expected {" + field + "}"
}

func brokenRules() []broken {
	key := func(key string) any { return timakgorm.Track[Columns](timakgorm.Rule{Key: key}) }
	rule := func(r timakgorm.Rule) any {
		r.Key = "site:posts"
		return timakgorm.Track[Columns](r)
	}
	keyOf := func(field string) string { return `rule "key=x:{` + field + `}": key: field ` + field }
	return []broken{
		{timakgorm.Track[Columns](timakgorm.Rule{When: "Published"}), `rule "when=Published": no key: expected key=…, such as key=author:{AuthorID}:posts`},
		{key("author:{AuthorID"), `rule "key=author:{AuthorID": key: "author:{AuthorID" has an unclosed {: expected {Field}`},
		{key("author:AuthorID}"), `rule "key=author:AuthorID}": key: "author:AuthorID}" has a } without a {`},
		{key("x:{ID}}"), `rule "key=x:{ID}}": key: "x:{ID}}" has a } without a {`},
		{key("x:{a{ID}}"), `rule "key=x:{a{ID}}": key: "x:{a{ID}}" has a { within a {: expected {Field}`},
		{key("x:{ID}{Title}"), `rule "key=x:{ID}{Title}": key: "x:{ID}{Title}" has two fields side by side: put a separator such as : between them`},
		{key("author{ID}"), `rule "key=author{ID}": key: "author{ID}": {ID} ` + separated},
		{key("x:{ID}-{Title}"), `rule "key=x:{ID}-{Title}": key: "x:{ID}-{Title}": {ID} ` + separated},
		{key("x:{ID}%{Title}"), `rule "key=x:{ID}%{Title}": key: "x:{ID}%{Title}": {ID} ` + separated},
		{key("x:{Authr}"), `rule "key=x:{Authr}": key: no field "Authr" ` + oneOf},
		{key("x:{}"), `rule "key=x:{}": key: no field "" ` + oneOf},
		{key("x:{Hidden}"), `rule "key=x:{Hidden}": key: no field "Hidden" ` + oneOf},
		{key("x:{CreatedAt}"), keyOf("CreatedAt") + " is a time.Time" + textual},
		{key("x:{Score}"), keyOf("Score") + " is a float64" + textual},
		{key("x:{Blob}"), keyOf("Blob") + " is a []uint8" + textual},
		{key("x:{Raw}"), keyOf("Raw") + " is a string of type bytea" + textual},
		{key("x:{Price}"), keyOf("Price") + " is a string of type numeric(10,2)" + textual},
		{key("x:{Payload}"), keyOf("Payload") + " is a string of type jsonb" + textual},
		{key("x:{Labels}"), keyOf("Labels") + " is a []string with a serializer" + textual},
		{key("author:AuthorID:posts"), `rule "key=author:AuthorID:posts": key: "author:AuthorID:posts"` + unbraced("AuthorID", "AuthorID")},
		{key("author:author_id:posts"), `rule "key=author:author_id:posts": key: "author:author_id:posts"` + unbraced("author_id", "AuthorID")},
		{key("author:$AuthorID"), `rule "key=author:$AuthorID": key: "author:$AuthorID"` + unbraced("AuthorID", "AuthorID")},
		{key("post:id:{Title}"), `rule "key=post:id:{Title}": key: "post:id:{Title}"` + unbraced("id", "ID")},
		{key("author:%d:posts"), `rule "key=author:%d:posts": key: "author:%d:posts" has %d in it, which stands for itself: expected {Field}, such as {ID}`},
		{key("author:?"), `rule "key=author:?": key: "author:?" has ? in it, which stands for itself: expected {Field}, such as {ID}`},
		{key("x:{ID}; when=Published"), `rule "key=x:{ID}; when=Published": key: "x:{ID}; when=Published" has another option in it, when=Published: expected the template alone, "x:{ID}"`},
		{key("key=x:{ID}"), `rule "key=key=x:{ID}": key: "key=x:{ID}" has another option in it, key=x:{ID}: expected the template alone, ""`},
		{rule(timakgorm.Rule{ID: "post:ID"}), `rule "key=site:posts; id=post:ID": id: "post:ID"` + unbraced("ID", "ID")},
		{rule(timakgorm.Rule{Source: "author:AuthorID"}), `rule "key=site:posts; source=author:AuthorID": source: "author:AuthorID"` + unbraced("AuthorID", "AuthorID")},
		{rule(timakgorm.Rule{ID: "x:{Slug}"}), `rule "key=site:posts; id=x:{Slug}": id: no field "Slug" ` + oneOf},
		{rule(timakgorm.Rule{ID: "x"}), `rule "key=site:posts; id=x": id=x is the same for every row: expected a {Field} in it`},
		{rule(timakgorm.Rule{ID: "{Score}"}), `rule "key=site:posts; id={Score}": id: field Score is a float64` + textual},
		{rule(timakgorm.Rule{Source: "x:{Who}"}), `rule "key=site:posts; source=x:{Who}": source: no field "Who" ` + oneOf},
		{rule(timakgorm.Rule{Date: "Made"}), `rule "key=site:posts; date=Made": date: no field "Made" ` + oneOf},
		{rule(timakgorm.Rule{Date: "Title"}), `rule "key=site:posts; date=Title": date: field Title is a string: expected a time.Time or an integer`},
		{rule(timakgorm.Rule{Date: "Score"}), `rule "key=site:posts; date=Score": date: field Score is a float64: expected a time.Time or an integer`},
		{rule(timakgorm.Rule{Date: "EditedAt"}), `rule "key=site:posts; date=EditedAt": date: field EditedAt ` + undated},
		{rule(timakgorm.Rule{Date: "SentAt"}), `rule "key=site:posts; date=SentAt": date: field SentAt ` + undated},
		{rule(timakgorm.Rule{When: "!Draft"}), `rule "key=site:posts; when=!Draft": when: no field "Draft" ` + oneOf},
		{rule(timakgorm.Rule{When: "Title"}), `rule "key=site:posts; when=Title": when: field Title is a string: expected a bool`},
		{rule(timakgorm.Rule{When: "Published && !Draft"}), `rule "key=site:posts; when=Published && !Draft": when=Published && !Draft: ` + oneBool},
		{rule(timakgorm.Rule{When: "!(Draft)"}), `rule "key=site:posts; when=!(Draft)": when=!(Draft): ` + oneBool},
		{rule(timakgorm.Rule{When: "Published, Title"}), `rule "key=site:posts; when=Published, Title": when=Published, Title: ` + oneBool},
		{rule(timakgorm.Rule{Data: []string{"Title", "Text"}}), `rule "key=site:posts; data=Title,Text": data: no field "Text" ` + oneOf},
		{rule(timakgorm.Rule{Data: []string{"Title", "title"}}), `rule "key=site:posts; data=Title,title": data: field Title is named twice`},
		{rule(timakgorm.Rule{Max: -1}), `rule "key=site:posts; max=-1": max=-1: expected a number of items, at least 1`},
		{
			timakgorm.Track[Columns](timakgorm.Rule{Key: "x:{AuthorID}"}, timakgorm.Rule{Key: "x:{author_id}", When: "Published"}),
			`rule "key=x:{author_id}; when=Published": an earlier rule has the same key: expected one rule per key`,
		},
	}
}

func TestRegister_brokenRules(t *testing.T) {
	t.Parallel()
	for _, b := range brokenRules() {
		b.want = "timakgorm: Columns: " + b.want
		b.check(t)
	}
	scored := func(r timakgorm.Rule) any { return timakgorm.Track[Undated](r) }
	for _, b := range []broken{
		{scored(timakgorm.Rule{Key: "x"}), `rule "key=x": no date: expected date=Field, or a field CreatedAt of type time.Time`},
		{scored(timakgorm.Rule{Key: "x", Date: "Rank"}), `rule "key=x; date=Rank": date: field Rank ` + undated},
	} {
		b.want = "timakgorm: Undated: " + b.want
		b.check(t)
	}
}

// TestRegister_words: what a key may have in it, though a field or an option has such a
// name.
func TestRegister_words(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"site:published", "author:{AuthorID}:title", "AuthorID:{AuthorID}", "Hidden", "Columns:{ID}", "posts,lang={Title}", "a=b", "100%25:{ID}", "what:is:it?", "key", "a date, a name",
	} {
		if err := world.NewPlugin(t).Register(timakgorm.Track[Columns](timakgorm.Rule{Key: key})); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func (b broken) check(t *testing.T) {
	t.Helper()
	err := world.NewPlugin(t).Register(b.model)
	if err == nil {
		t.Errorf("got no error, want\n\t%s", b.want)
	} else if err.Error() != b.want {
		t.Errorf("got\n\t%s\nwant\n\t%s", err, b.want)
	}
}

// Register may fail; it must not panic.
func TestRegister_nonsense(t *testing.T) {
	t.Parallel()
	const want = "timakgorm: register %s: expected a pointer to a model's struct, such as &Post{}"
	for _, model := range []any{
		nil, "posts", 7, errors.New, new(any), []world.Post{}, &[]world.Post{}, map[string]any{}, struct{ ID uint }{}, &struct{ ID uint }{},
	} {
		broken{model, fmt.Sprintf(want, fmt.Sprintf("%T", model))}.check(t)
	}
	broken{timakgorm.Tracked{}, fmt.Sprintf(want, "<nil>")}.check(t)
	broken{timakgorm.Track[any](), fmt.Sprintf(want, "*interface {}")}.check(t)
	broken{timakgorm.Track[int](), fmt.Sprintf(want, "*int")}.check(t)
}

func TestRegister_forms(t *testing.T) {
	t.Parallel()
	var absent *world.Post
	for _, model := range []any{&world.Post{}, world.Post{}, absent, new(&world.Post{}), timakgorm.Track[world.Post](), timakgorm.Track[*world.Post]()} {
		if err := world.NewPlugin(t).Register(model); err != nil {
			t.Errorf("%T: got %v, want no error", model, err)
		}
	}
}

func TestRegister_twice(t *testing.T) {
	t.Parallel()
	for _, models := range [][]any{
		{&world.Post{}, &world.Post{}},
		{&world.Post{}, timakgorm.Track[world.Post](timakgorm.Rule{Key: "more"})},
	} {
		err := world.NewPlugin(t).Register(models...)
		if want := "timakgorm: Post is registered twice"; err == nil || err.Error() != want {
			t.Errorf("%T and %T: got %v, want %q", models[0], models[1], err, want)
		}
	}
}

func TestRegister_twoModelsOfOneTable(t *testing.T) {
	t.Parallel()
	err := world.NewPlugin(t).Register(&world.Post{}, timakgorm.Track[world.Renamed]())
	if want := `timakgorm: Post and Renamed are both for the table "posts": expected one model per table`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestRegister_capacities: rules that share timelines must be of one mind about
// their capacity, whatever the fields of their keys are called.
func TestRegister_capacities(t *testing.T) {
	t.Parallel()
	author := timakgorm.Rule{Key: "author:{AuthorID}", Max: 5}
	for want, models := range map[string][]any{
		`timakgorm: Post and Post: rules of the key "author:{}" with max=5 and no max: expected the same`: {
			timakgorm.Track[world.Post](author, timakgorm.Rule{Key: "author:{ID}"}),
		},
		`timakgorm: Post and Remark: rules of the key "author:{}" with max=5 and max=6: expected the same`: {
			timakgorm.Track[world.Post](author), timakgorm.Track[world.Remark](timakgorm.Rule{Key: "author:{PostID}", Max: 6}),
		},
		"": {timakgorm.Track[world.Post](author), timakgorm.Track[world.Remark](timakgorm.Rule{Key: "author:{PostID}", Max: 5}, timakgorm.Rule{Key: "author:{PostID}:x"})},
	} {
		err := world.NewPlugin(t).Register(models...)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestRegister_afterUse(t *testing.T) {
	t.Parallel()
	plugin := world.NewPlugin(t)
	db := world.OpenDB(t, "sqlite", nil)
	if err := errors.Join(plugin.Register(&world.Post{}), db.Use(plugin)); err != nil {
		t.Fatal(err)
	}
	err := plugin.Register(&Columns{})
	if want := "timakgorm: Register after db.Use: register all models first"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
	if err := world.OpenDB(t, "sqlite", nil).Use(plugin); err == nil {
		t.Error("a second database: got no error")
	}
}

func TestUse_otherDatabase(t *testing.T) {
	t.Parallel()
	db := world.OpenDB(t, "sqlite", nil)
	db.Dialector = world.OtherDatabase{Dialector: db.Dialector}
	want := `timakgorm: database "mysql" is not supported: expected postgres or sqlite`
	if err := db.Use(world.NewPlugin(t)); err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}
