package model

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm/schema"
	"pgregory.net/rapid"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// Article is a model, and Tagged is the same model with rules in tags.
type Article struct {
	ID        uint
	AuthorID  uint
	Slug      string
	Draft     bool
	Score     int64
	CreatedAt time.Time
}

type Tagged struct {
	Article

	_ Timeline `timak:"key=author:{AuthorID}:posts; id={Slug}; date=Score; when=!Draft; data=Slug,Score; source=by:{AuthorID}; max=5"`
	_ Timeline `timak:"key=site:posts; when = ! Draft"`
}

var articleRules = []tag.Rule{
	{
		Key: "author:{AuthorID}:posts", ID: "{Slug}", Date: "Score", When: "!Draft",
		Data: []string{"Slug", "Score"}, Source: "by:{AuthorID}", Max: 5,
	},
	{Key: "site:posts", When: "! Draft"},
}

// view is a compiled rule for comparison.
type view struct {
	Key, ID, Source, Date, When string
	Unless                      bool
	Data                        []string
	Max                         int
}

func views(t *testing.T, tracked Declared) []view {
	t.Helper()
	m, err := Compile(tracked, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]view, len(m.Rules))
	for i, r := range m.Rules {
		out[i] = view{Key: r.Key.String(), ID: r.ID.String(), Source: r.Source.String(), Date: r.date.Name, Unless: r.unless, Max: r.Max}
		if r.when != nil {
			out[i].When = r.when.Name
		}
		for _, field := range r.Data {
			out[i].Data = append(out[i].Data, field.Name)
		}
	}
	return out
}

func TestTrack_isTheSameAsTags(t *testing.T) {
	t.Parallel()
	want := []view{
		{
			Key: "author:{AuthorID}:posts", ID: "{Slug}", Source: "by:{AuthorID}", Date: "Score", When: "Draft",
			Unless: true, Data: []string{"Slug", "Score"}, Max: 5,
		},
		{Key: "site:posts", Date: "CreatedAt", When: "Draft", Unless: true},
	}
	if diff := cmp.Diff(want, views(t, Declared{Value: &Tagged{}})); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(want, views(t, Declared{Value: &Article{}, Rules: articleRules})); diff != "" {
		t.Errorf("Track (-want +got)\n%s", diff)
	}
	more := view{Key: "more", Date: "CreatedAt"}
	if diff := cmp.Diff(append(want, more), views(t, Declared{Value: &Tagged{}, Rules: []tag.Rule{{Key: "more"}}})); diff != "" {
		t.Errorf("tags and Track (-want +got)\n%s", diff)
	}
}

// The image contains the columns that rules name, and no others.
func TestCompile_image(t *testing.T) {
	t.Parallel()
	m, err := Compile(Declared{Value: &Article{}, Rules: articleRules[:1]}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, field := range m.Columns {
		got = append(got, field.DBName)
	}
	slices.Sort(got)
	if want := []string{"author_id", "draft", "id", "score", "slug"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// ruleText draws what can be a value in a tag.
func ruleText() *rapid.Generator[string] {
	plain := func(text string) bool {
		_, _, stray := tag.Stray(text)
		return !stray
	}
	return anyText().Filter(plain)
}

func anyText() *rapid.Generator[string] {
	return rapid.Map(rapid.StringOfN(rapid.SampledFrom([]rune("aB:{}!=, é\"`")), 0, 8, -1), strings.TrimSpace)
}

// String writes a rule as a tag: parsing it gives the same rule.
func TestRule_String(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Z][a-z]{0,5}`)
		want := tag.Rule{
			Key: ruleText().Draw(t, "key"), ID: ruleText().Draw(t, "id"), Source: ruleText().Draw(t, "source"),
			Date: ruleText().Draw(t, "date"), When: ruleText().Draw(t, "when"),
			Data: rapid.SliceOfN(name, 0, 3).Draw(t, "data"),
			Max:  rapid.IntRange(0, 9).Draw(t, "max"),
		}
		if len(want.Data) == 0 {
			want.Data = nil
		}
		text := want.String()
		if text == "" {
			return // not a rule
		}
		got, err := tag.ParseRule(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("tag.ParseRule(%q): %v (-want +got)\n%s", text, err, diff)
		}
	})
}
