//go:build !race

package endtoend_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// writeTable is set by make capture-table.
var writeTable = flag.Bool("capture-table", false, "print the table of docs/capture.md, and write it")

const tableFile = "../../../docs/capture.md"

// ways are the columns of the table, for every database.
var ways = []way{byHooks, byCallbacks, byTriggers}

// column is what became of every operation on a database, by theme and name.
type column struct {
	dialect  string
	way      way
	findings map[string]finding
}

func (c column) of(about theme, op world.Operation) (finding, bool) {
	got, found := c.findings[about.name+": "+op.Name]
	return got, found
}

func newColumn(t *testing.T, dialect string, by way) column {
	l := newLab(t, dialect, by)
	c := column{dialect, by, map[string]finding{}}
	for _, about := range themes {
		if !about.on(dialect) {
			continue
		}
		l.tryAll(world.Modes[0], about, func(op world.Operation, got finding) {
			name := about.name + ": " + op.Name
			if _, twice := c.findings[name]; twice {
				t.Errorf("%s is there twice", name)
			}
			c.findings[name] = got
		})
	}
	return c
}

// columns tries everything everywhere.
func columns(t *testing.T) []column {
	var out []column
	var mu sync.Mutex
	t.Run("columns", func(t *testing.T) {
		for _, dialect := range world.Dialects {
			for _, by := range ways {
				t.Run(dialect+"/"+by.name, func(t *testing.T) {
					t.Parallel()
					c := newColumn(t, dialect, by)
					mu.Lock()
					defer mu.Unlock()
					out = append(out, c)
				})
			}
		}
	})
	place := func(c column) int {
		return 10*slices.Index(world.Dialects, c.dialect) + slices.IndexFunc(ways, func(by way) bool { return by.name == c.way.name })
	}
	slices.SortFunc(out, func(a, b column) int { return place(a) - place(b) })
	return out
}

// TestCaptureTable: Triggers follow everything; Callbacks follow everything but
// what the database and other programs do by themselves, and refuse what they
// cannot know; hooks follow little. docs/capture.md says the same.
func TestCaptureTable(t *testing.T) {
	t.Parallel()
	all := columns(t)
	if t.Failed() {
		return
	}
	if len(all) < len(world.Dialects)*len(ways) {
		t.Skip("not on every database")
	}
	operations := map[string]bool{}
	for _, c := range all {
		checkColumn(t, c)
		for name := range c.findings {
			operations[name] = true
		}
	}
	if len(operations) < 110 {
		t.Errorf("%d operations, want at least 110", len(operations))
	}
	page := captureTable(all)
	if *writeTable {
		t.Log("\n" + page)
		if err := os.WriteFile(tableFile, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page, string(written)); diff != "" {
		t.Errorf("docs/capture.md is not what make capture-table writes (-now +there):\n%s", diff)
	}
}

func checkColumn(t *testing.T, c column) {
	t.Helper()
	for _, about := range themes {
		for _, op := range about.operations {
			got, found := c.of(about, op)
			if found && !c.way.allows(about, got.verdict) {
				t.Errorf("%s, %s: %s: %s: %s\n%s", c.dialect, c.way.name, about.name, op.Name, got.verdict, got.why)
			}
		}
	}
	n := c.count()
	if n[right] == 0 || c.way.name == byHooks.name && n[wrong] == 0 {
		t.Errorf("%s, %s: %d right and %d wrong: the comparison does not tell them apart", c.dialect, c.way.name, n[right], n[wrong])
	}
}

func (c column) count() map[verdict]int {
	n := map[verdict]int{}
	for _, got := range c.findings {
		n[got.verdict]++
	}
	return n
}

const tableHead = `# Which writes timelines follow

Written by ` + "`make capture-table`" + `; a test fails when it is out of date.

Every operation starts from the same rows, with timelines that agree with them, and runs in GORM's default mode unless its
name says otherwise. Then all that waits is relayed, and the timelines of every tracked table are compared with its rows:
each item that should be on one, once, in its place, with its data, and no other. What should be there is worked out from
the rows by code of its own, not by the rules. To repeat it: ` + "`make capture-table`" + `, which needs Postgres' binaries.

- **naive hooks**: callbacks after create, update and delete that look at the value which was saved or deleted, as Django's
  post_save and post_delete do.
- **Callbacks** and **Triggers**: the two values of ` + "`Options.Capture`" + `.

| verdict | meaning |
|---|---|
| right | all timelines agree with the tables |
| WRONG | some do not: an item is missing, or is there that should not be, or is out of date |
| refused | the write returned ErrUncaptured, which says what to write instead, and nothing was written |
| warned | some timelines do not agree, as the log said they would: Options.RawSQL is WarnRaw, or foreign keys change the rows |
| – | this database has no such operation |
`

// captureTable is the text of docs/capture.md.
func captureTable(all []column) string {
	var b strings.Builder
	b.WriteString(tableHead + "\n")
	writeTotals(&b, all)
	shown := map[string]bool{}
	for _, about := range themes {
		if !shown[about.name] {
			shown[about.name] = true
			writeTheme(&b, all, about.name)
		}
	}
	return b.String()
}

func writeTotals(b *strings.Builder, all []column) {
	b.WriteString("## Totals\n\n| | operations | right | WRONG | refused | warned |\n|---|---|---|---|---|---|\n")
	for _, c := range all {
		n := c.count()
		fmt.Fprintf(b, "| %s, %s | %d | %d | %d | %d | %d |\n", c.dialect, c.way.name, len(c.findings), n[right], n[wrong], n[refused], n[warned])
	}
}

// writeTheme writes the operations of all themes of a name.
func writeTheme(b *strings.Builder, all []column, name string) {
	fmt.Fprintf(b, "\n## %s\n\n", name)
	said := map[string]bool{}
	for _, about := range themes {
		for _, remark := range []string{about.unseen, about.unknowable} {
			if about.name == name && remark != "" && !said[remark] {
				said[remark] = true
				fmt.Fprintf(b, "Callbacks: %s.\n\n", remark)
			}
		}
	}
	b.WriteString("| operation |")
	for _, c := range all {
		fmt.Fprintf(b, " %s, %s |", c.dialect, c.way.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(all)) + "\n")
	for _, about := range themes {
		if about.name != name {
			continue
		}
		for _, op := range about.operations {
			writeRow(b, all, about, op)
		}
	}
}

func writeRow(b *strings.Builder, all []column, about theme, op world.Operation) {
	fmt.Fprintf(b, "| %s |", op.Name)
	for _, c := range all {
		cell := "–"
		if got, found := c.of(about, op); found {
			cell = string(got.verdict)
		}
		fmt.Fprintf(b, " %s |", cell)
	}
	b.WriteString("\n")
}
