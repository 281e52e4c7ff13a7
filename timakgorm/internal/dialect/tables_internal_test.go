package dialect

import (
	"strings"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Postgres uses the first 63 bytes of a name, in whole characters.
func TestNamed_long(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 61) + "é" // 63 bytes
	p := trackingNames("public."+long, strings.Repeat("m", 62))
	for _, name := range []string{long, long + "more", "public." + long + "x"} {
		for _, d := range []Dialect{Postgres, SQLite} {
			p.Dialect = d
			if got, want := p.Named(name) != nil, d.Numbered || !strings.HasSuffix(name, "x") && !strings.HasSuffix(name, "more"); got != want {
				t.Errorf("%s: %s: got %t, want %t", d.Name, name, got, want)
			}
		}
	}
	p.Dialect = Postgres
	if p.Named(strings.Repeat("m", 62)+"éx") == nil {
		t.Error("a character that is cut in two is left out")
	}
}

// trackingNames returns tables that are known only by name.
func trackingNames(names ...string) *Tables {
	ts := &Tables{ByName: map[string]*Table{}}
	for _, name := range names {
		ts.ByName[name] = &Table{Model: &model.Model{Table: name}}
	}
	return ts
}
