package relay

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm/schema"
	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// leaf is a row with an id from a column, and rules that may name the same place.
type leaf struct {
	ID     uint
	Tree   string
	Name   string
	Hidden bool
	Score  int64

	_ model.Timeline `timak:"key=tree:{Tree}; id={Name}; date=Score; when=!Hidden; data=Score"`
	_ model.Timeline `timak:"key=all; date=Score"`
	_ model.Timeline `timak:"key=tree:{Tree}:; id={Name}; date=Score; max=5"`
}

func (leaf) TableName() string { return "leaves" }

// folding returns a relay that can fold changes of leaves.
func folding(t rapid.TB) *Relay {
	t.Helper()
	m, err := model.Compile(model.Declared{Value: &leaf{}}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	return &Relay{tables: &dialect.Tables{ByName: map[string]*dialect.Table{"leaves": {Model: m}}}}
}

func (l *leaf) image() *string {
	if l == nil {
		return nil
	}
	text, err := json.Marshal(map[string]any{"id": l.ID, "tree": l.Tree, "name": l.Name, "hidden": l.Hidden, "score": l.Score})
	if err != nil {
		panic(err)
	}
	image := string(text)
	return &image
}

func changeOf(id, version int64, before, after *leaf) outbox.RowChange {
	row := before
	if row == nil {
		row = after
	}
	return outbox.RowChange{ID: id, Version: version, Table: "leaves", PK: fmt.Sprintf("[%d]", row.ID), Old: before.image(), New: after.image()}
}

// put and clearOf return expected ops, without those of the timeline "all".
func put(key, id string, score, version int64) timelineOp {
	item := timak.Item{ID: id, At: time.UnixMicro(score).UTC()}
	op := timelineOp{key: key, put: true}
	if strings.HasSuffix(key, ":") {
		op.max = 5
	} else {
		item.Data = fmt.Appendf(nil, `{"score":%d}`, score)
	}
	op.op = timak.Put(item).WithVersion(version)
	return op
}

func clearOf(key, id string, version int64) timelineOp {
	op := timelineOp{key: key, op: timak.RemoveEntry(id, "").WithVersion(version)}
	if strings.HasSuffix(key, ":") {
		op.max = 5
	}
	return op
}

func TestFold(t *testing.T) {
	t.Parallel()
	a := &leaf{ID: 1, Tree: "oak", Name: "a", Score: 1}
	b := &leaf{ID: 1, Tree: "oak", Name: "b", Score: 1}
	elm := &leaf{ID: 1, Tree: "elm", Name: "a", Score: 1}
	hidden := &leaf{ID: 1, Tree: "oak", Name: "a", Score: 1, Hidden: true}
	later := &leaf{ID: 1, Tree: "oak", Name: "a", Score: 2}
	other := &leaf{ID: 2, Tree: "oak", Name: "b", Score: 3}
	unknown, nobodyKnows := changeOf(1, 10, nil, a), outbox.UnknownImage
	unknown.Old = &nobodyKnows
	tests := []struct {
		name    string
		changes []outbox.RowChange
		want    []timelineOp
	}{
		{"created", []outbox.RowChange{changeOf(1, 10, nil, a)}, []timelineOp{
			put("tree:oak", "a", 1, 11), put("tree:oak:", "a", 1, 11),
		}},
		{"deleted", []outbox.RowChange{changeOf(1, 10, a, nil)}, []timelineOp{
			clearOf("tree:oak", "a", 10), clearOf("tree:oak:", "a", 10),
		}},
		{"created and deleted", []outbox.RowChange{changeOf(1, 10, nil, a), changeOf(2, 20, a, nil)}, []timelineOp{
			clearOf("tree:oak", "a", 20), clearOf("tree:oak:", "a", 20),
		}},
		{"moved", []outbox.RowChange{changeOf(1, 10, a, elm)}, []timelineOp{
			put("tree:elm", "a", 1, 11), put("tree:elm:", "a", 1, 11),
			clearOf("tree:oak", "a", 10), clearOf("tree:oak:", "a", 10),
		}},
		{"moved and back", []outbox.RowChange{changeOf(1, 10, a, elm), changeOf(2, 20, elm, a)}, []timelineOp{
			put("tree:oak", "a", 1, 21), put("tree:oak:", "a", 1, 21),
			clearOf("tree:elm", "a", 20), clearOf("tree:elm:", "a", 20),
		}},
		{"dated anew: it is not where it was", []outbox.RowChange{changeOf(1, 10, a, later)}, []timelineOp{
			clearOf("tree:oak", "a", 10), put("tree:oak", "a", 2, 11),
			clearOf("tree:oak:", "a", 10), put("tree:oak:", "a", 2, 11),
		}},
		{"dated anew, and back", []outbox.RowChange{changeOf(1, 10, a, later), changeOf(2, 20, later, a)}, []timelineOp{
			clearOf("tree:oak", "a", 20), put("tree:oak", "a", 1, 21),
			clearOf("tree:oak:", "a", 20), put("tree:oak:", "a", 1, 21),
		}},
		{"recorded anew", []outbox.RowChange{unknown}, []timelineOp{
			clearOf("tree:oak", "a", 10), put("tree:oak", "a", 1, 11),
			clearOf("tree:oak:", "a", 10), put("tree:oak:", "a", 1, 11),
		}},
		{"hidden", []outbox.RowChange{changeOf(1, 10, a, hidden)}, []timelineOp{
			put("tree:oak:", "a", 1, 11), clearOf("tree:oak", "a", 10),
		}},
		{"shown", []outbox.RowChange{changeOf(1, 10, hidden, a)}, []timelineOp{
			put("tree:oak", "a", 1, 11), put("tree:oak:", "a", 1, 11),
		}},
		{"renamed, then dated anew: the old name may be another's by then", []outbox.RowChange{
			changeOf(1, 10, a, b), changeOf(2, 20, b, &leaf{ID: 1, Tree: "oak", Name: "b", Score: 5}),
		}, []timelineOp{
			clearOf("tree:oak", "b", 20), put("tree:oak", "b", 5, 21),
			clearOf("tree:oak:", "b", 20), put("tree:oak:", "b", 5, 21),
			clearOf("tree:oak", "a", 10), clearOf("tree:oak:", "a", 10),
		}},
		{"with a change missing between", []outbox.RowChange{changeOf(1, 10, nil, a), changeOf(2, 30, elm, b)}, []timelineOp{
			put("tree:oak", "b", 1, 31), put("tree:oak:", "b", 1, 31),
			clearOf("tree:elm", "a", 30), clearOf("tree:elm:", "a", 30),
			clearOf("tree:oak", "a", 11), clearOf("tree:oak:", "a", 11),
		}},
		{"out of order, and twice", []outbox.RowChange{changeOf(3, 20, elm, a), changeOf(4, 10, a, elm), changeOf(5, 20, elm, a)}, []timelineOp{
			put("tree:oak", "a", 1, 21), put("tree:oak:", "a", 1, 21),
			clearOf("tree:elm", "a", 20), clearOf("tree:elm:", "a", 20),
		}},
		{"two rows trade places", []outbox.RowChange{
			changeOf(1, 10, a, b), changeOf(2, 10, other, &leaf{ID: 2, Tree: "oak", Name: "a", Score: 3}),
		}, []timelineOp{
			put("tree:oak", "b", 1, 11), put("tree:oak:", "b", 1, 11),
			clearOf("tree:oak", "a", 10), clearOf("tree:oak:", "a", 10),
			put("tree:oak", "a", 3, 11), put("tree:oak:", "a", 3, 11),
			clearOf("tree:oak", "b", 10), clearOf("tree:oak:", "b", 10),
		}},
	}
	for _, test := range tests {
		var got []timelineOp
		for _, f := range folding(t).fold(test.changes) {
			if f.err != nil {
				t.Errorf("%s: %v", test.name, f.err)
			}
			got = append(got, slices.DeleteFunc(f.ops, func(op timelineOp) bool { return op.key == "all" })...)
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", test.name, got, test.want)
		}
	}
}

// twin is a row whose two rules may name one place.
type twin struct {
	ID    uint
	A, B  string
	Score int64
	Other int64
	Off   bool

	_ model.Timeline `timak:"key=on:{A}; date=Score; when=!Off"`
	_ model.Timeline `timak:"key=on:{B}; date=Other"`
}

// TestFoldOnePlace: if two rules name the same place, it is filled once, as the first
// of them says.
func TestFoldOnePlace(t *testing.T) {
	t.Parallel()
	m, err := model.Compile(model.Declared{Value: &twin{}}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	p := &Relay{tables: &dialect.Tables{ByName: map[string]*dialect.Table{m.Table: {Model: m}}}}
	apart := `{"id": 1, "a": "x", "b": "y", "score": 5, "other": 6, "off": false}`
	together := `{"id": 1, "a": "x", "b": "x", "score": 5, "other": 6, "off": false}`
	off := `{"id": 1, "a": "x", "b": "x", "score": 5, "other": 6, "off": true}`
	at := func(key string, score int64) timelineOp {
		item := timak.Item{ID: "twins:1", At: time.UnixMicro(score).UTC()}
		return timelineOp{key: key, put: true, op: timak.Put(item).WithVersion(11)}
	}
	gone := func(key string) timelineOp {
		return timelineOp{key: key, op: timak.RemoveEntry("twins:1", "").WithVersion(10)}
	}
	for _, test := range []struct {
		name     string
		old, new *string
		want     []timelineOp
	}{
		{"apart", nil, &apart, []timelineOp{at("on:x", 5), at("on:y", 6)}},
		{"together", nil, &together, []timelineOp{at("on:x", 5)}},
		{"first off", nil, &off, []timelineOp{at("on:x", 6)}},
		{"brought together", &apart, &together, []timelineOp{at("on:x", 5), gone("on:y")}},
		{"switched off", &together, &off, []timelineOp{gone("on:x"), at("on:x", 6)}},
		{"deleted", &together, nil, []timelineOp{gone("on:x")}},
	} {
		folds := p.fold([]outbox.RowChange{{ID: 1, Version: 10, Table: m.Table, PK: "[1]", Old: test.old, New: test.new}})
		if got := folds[0].ops; folds[0].err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", test.name, got, folds[0].err, test.want)
		}
	}
}

// TestFoldErrors: a change that cannot be read, or panics as it is read, fails by
// itself; the others, also those of its row, are folded without it.
func TestFoldErrors(t *testing.T) {
	t.Parallel()
	p := folding(t)
	bad := "{"
	good := changeOf(2, 3, nil, &leaf{ID: 1})
	for name, changes := range map[string][]outbox.RowChange{
		"bad new image":   {{ID: 1, Table: "leaves", PK: "[1]", Version: 1, New: &bad}},
		"bad old image":   {{ID: 1, Table: "leaves", PK: "[1]", Version: 1, Old: &bad}},
		"bad one before":  {{ID: 1, Table: "leaves", PK: "[1]", Version: 1, Old: &bad}, good},
		"bad one after":   {good, {ID: 1, Table: "leaves", PK: "[1]", Version: 5, New: &bad}},
		"bad one between": {good, {ID: 1, Table: "leaves", PK: "[1]", Version: 5, New: &bad}, changeOf(3, 7, &leaf{ID: 1}, nil)},
		"a panic":         {{ID: 1, Table: "unknown", PK: "[1]", Version: 1, New: (&leaf{}).image()}},
	} {
		got := map[bool][]int64{}
		for _, f := range p.fold(append(changes, changeOf(9, 9, nil, &leaf{ID: 9, Tree: "oak", Name: "a"}))) {
			got[f.err != nil] = append(got[f.err != nil], f.ids()...)
		}
		if len(got[true]) != 1 || got[true][0] != 1 || len(got[false]) != len(changes) {
			t.Errorf("%s: got errors of changes %v and none of %v, want one of change 1 only", name, got[true], got[false])
		}
	}
}

// A rule that panics on a row makes the row unplaceable, and its change a dead letter.
func TestExpand_panic(t *testing.T) {
	t.Parallel()
	m, err := model.Compile(model.Declared{Value: &leaf{}}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	m.Rules[0].Data[0] = nil // no rule is like that
	const want = "a rule panics: runtime error: invalid memory address or nil pointer dereference"
	f := &rowFold{table: &dialect.Table{Model: m}, changes: []outbox.RowChange{changeOf(1, 1, nil, &leaf{ID: 1, Tree: "oak", Name: "a"})}}
	if bad := f.read(); len(bad) > 0 {
		t.Fatalf("the image cannot be read: %v", bad[0].err)
	}
	if f.expand(); f.err == nil || f.err.Error() != want || !f.unplaceable {
		t.Errorf("got %v, want %s", f.err, want)
	}
}
