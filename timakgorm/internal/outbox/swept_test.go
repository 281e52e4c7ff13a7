package outbox_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// These tests run alone: the transactions of others on the same server would keep looks
// from being sure.

// sweptWorld is a world of events, and its outbox.
type sweptWorld struct {
	*world.World

	outbox *outbox.Outbox
}

func newSwept(t *testing.T) sweptWorld {
	t.Helper()
	w := world.New(t, world.Setup{Dialect: "postgres", Models: []any{&world.Event{}}, Tracked: []any{&world.Event{}}})
	pool, err := w.DB.DB()
	w.Must(err)
	o, err := outbox.Open(pool, &dialect.Tables{Dialect: dialect.Postgres, ByName: map[string]*dialect.Table{"events": nil}})
	w.Must(err)
	o.Swept = new(outbox.Swept)
	return sweptWorld{w, o}
}

// add records changes.
func (w sweptWorld) add(db *gorm.DB, n int) {
	w.Helper()
	for range n {
		w.Must(db.Create(&world.Event{}).Error)
	}
}

// due looks, and returns the ids of the changes that are due.
func (w sweptWorld) due(which outbox.Selection) []int64 {
	w.Helper()
	found, err := w.outbox.Due(w.Context(), 100, which)
	w.Must(err)
	return outbox.IDsOf(found.Changes)
}

// settleAll looks, as far back as is sure, until nothing is left, and once more.
func (w sweptWorld) settleAll() {
	w.Helper()
	for range 3 {
		w.outbox.Swept.PutOff(time.Hour, 0)
		ids := w.due(outbox.Selection{Quick: true})
		w.Must(w.outbox.Settle(w.Context(), outbox.Settlement{Done: ids}))
	}
}

func (w sweptWorld) want(about string, which outbox.Selection, want ...int64) {
	w.Helper()
	if got := w.due(which); !slices.Equal(got, want) {
		w.Errorf("%s: got changes %v, want %v", about, got, want)
	}
}

// rest looks, and returns how long a program may rest then that rests for two hours else.
func (w sweptWorld) rest(which outbox.Selection) time.Duration {
	w.Helper()
	found, err := w.outbox.Due(w.Context(), 100, which)
	w.Must(err)
	if !found.Hasty {
		return 2 * time.Hour
	}
	return w.outbox.Swept.Until(2 * time.Hour)
}

var quick = outbox.Selection{Quick: true}

// TestSwept_committedLate: looks go on behind a change that its transaction has not
// committed yet, and one comes back to it.
func TestSwept_committedLate(t *testing.T) {
	w := newSwept(t)
	w.add(w.DB, 3)
	w.settleAll()
	tx := w.DB.Begin()
	w.add(tx, 1) // change 4
	w.add(w.DB, 1)
	w.settleAll()
	w.Must(w.DB.Exec("SELECT nextval('timak_outbox_id_seq') FROM generate_series(6, 1004)").Error)
	w.add(w.DB, 3)
	w.settleAll()
	w.add(w.DB, 3)
	w.settleAll()
	if got := w.outbox.Swept.Sure(); got != 3 {
		t.Errorf("while change 4 is not committed: sure of %d, want 3", got)
	}
	if got := w.outbox.Swept.Seen(); got != 1010 {
		t.Errorf("while change 4 is not committed: seen %d, want 1010", got)
	}
	w.Must(tx.Commit().Error)
	w.outbox.Swept.PutOff(time.Hour, time.Hour)
	w.want("a look that is put off", quick)
	if rest := w.rest(quick); rest > time.Hour {
		t.Errorf("after one: a rest of %v, want one to the next look", rest)
	}
	w.want("a look that is not quick", outbox.Selection{}, 4)
	w.outbox.Swept.PutOff(time.Hour, time.Hour)
	w.want("a quick look after it", quick, 4)
	if rest := w.rest(quick); rest > time.Hour {
		t.Errorf("after a quick look: a rest of %v, want one to the next look", rest)
	}
	w.outbox.Swept.PutOff(time.Hour, 0)
	w.want("a look behind what is sure", quick, 4)
	w.outbox.Swept.PutOff(time.Hour, 0)
	if rest := w.rest(quick); rest != 2*time.Hour {
		t.Errorf("after it: a rest of %v, want two hours", rest)
	}
	w.outbox.Swept.PutOff(time.Hour, time.Hour)
	w.want("a quick look once more", quick, 4)
	w.outbox.Swept.PutOff(time.Hour, 0)
	for about, which := range map[string]outbox.Selection{"behind an id": {Quick: true, After: 4}, "at no shards": {Quick: true, Shards: []int32{}}} {
		if rest := w.rest(which); rest != 2*time.Hour {
			t.Errorf("after a look %s: a rest of %v, want two hours", about, rest)
		}
	}
	w.settleAll()
	if got := w.outbox.Swept.Sure(); got != 1010 {
		t.Errorf("at the end: sure of %d, want 1010", got)
	}
}

// TestSwept_runsBehind: a transaction that runs may have a higher number than all that have
// ended; its change is found when it comes.
func TestSwept_runsBehind(t *testing.T) {
	w := newSwept(t)
	w.add(w.DB, 3)
	w.settleAll()
	first, second := w.DB.Begin(), w.DB.Begin()
	w.add(first, 1)  // change 4
	w.add(second, 1) // change 5
	w.add(first, 1)  // change 6
	w.Must(first.Commit().Error)
	w.settleAll()
	if got := w.outbox.Swept.Sure(); got != 3 {
		t.Errorf("while change 5 is not committed: sure of %d, want 3", got)
	}
	w.Must(second.Commit().Error)
	w.outbox.Swept.PutOff(time.Hour, 0)
	w.want("a look behind what is sure", quick, 5)
	w.settleAll()
	if got := w.outbox.Swept.Sure(); got != 6 {
		t.Errorf("at the end: sure of %d, want 6", got)
	}
}

// TestSwept_numbers: looks cost a number of a transaction if they meet what is new, and none
// if they do not.
func TestSwept_numbers(t *testing.T) {
	w := newSwept(t)
	cost := func(change func(), looks int) int64 {
		least := int64(math.MaxInt64)
		for range 5 { // the server has work of its own
			change()
			before := w.number()
			for range looks {
				w.due(quick)
			}
			least = min(least, w.number()-before-1)
		}
		return least
	}
	one := func() { w.add(w.DB, 1) }
	if got := cost(one, 1); got != 1 {
		t.Errorf("a look that meets a change: %d numbers, want 1", got)
	}
	if got := cost(w.settleAll, 10); got != 0 {
		t.Errorf("ten looks where nothing is new: %d numbers, want none", got)
	}
	tx := w.DB.Begin()
	w.add(tx, 1)
	defer tx.Rollback()
	w.due(quick)
	if got := cost(one, 1); got != 0 {
		t.Errorf("a look that meets a change while a transaction runs: %d numbers, want none", got)
	}
}

// number spends a number of a transaction.
func (w sweptWorld) number() (n int64) {
	w.Helper()
	w.Must(w.DB.Raw("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)").Row().Scan(&n))
	return n
}

// TestSwept_left: a change that is put off is found behind which looks begin, and before
// later changes of its row.
func TestSwept_left(t *testing.T) {
	w := newSwept(t)
	w.add(w.DB, 1)
	late := outbox.Settlement{Late: []outbox.Fate{{ID: 1, RunAt: time.Now().Add(time.Hour).UnixMicro()}}}
	w.Must(w.outbox.Settle(w.Context(), late))
	w.add(w.DB, 3)
	w.settleAll()
	if got := w.outbox.Swept.Sure(); got != 4 {
		t.Errorf("behind a change that is put off: sure of %d, want 4", got)
	}
	w.outbox.Swept.PutOff(time.Hour, time.Hour)
	w.want("before its time", quick)
	w.want("of everything", outbox.Selection{Quick: true, Everything: true}, 1)
	w.Must(w.DB.Model(&world.Event{ID: 1}).Update("stream_id", 2).Error)
	w.add(w.DB, 1)
	w.want("with a later change of its row", quick, 1, 5, 6)
}

// TestSwept_rowsLeft: what is put off of a row comes with its other changes, but none that
// comes after these.
func TestSwept_rowsLeft(t *testing.T) {
	w := newSwept(t)
	move := func(to int) { w.Must(w.DB.Model(&world.Event{ID: 1}).Update("stream_id", to).Error) }
	w.add(w.DB, 1) // change 1, of row 1
	move(2)        // change 2
	w.add(w.DB, 1) // change 3, of row 2
	move(3)        // change 4
	later := time.Now().Add(time.Hour).UnixMicro()
	w.Must(w.outbox.Settle(w.Context(), outbox.Settlement{Late: []outbox.Fate{{ID: 1, RunAt: later}, {ID: 4, RunAt: later}}}))
	first := func(about string) {
		t.Helper()
		found, err := w.outbox.Due(w.Context(), 1, quick)
		w.Must(err)
		if got := outbox.IDsOf(found.Changes); !slices.Equal(got, []int64{1, 2}) {
			t.Errorf("%s: got changes %v, want 1 and 2", about, got)
		}
	}
	first("the first change that is due")
	for range 3 {
		w.outbox.Swept.PutOff(time.Hour, 0)
		w.due(quick)
	}
	if got := w.outbox.Swept.Sure(); got != 4 {
		t.Errorf("behind what is left: sure of %d, want 4", got)
	}
	w.outbox.Swept.PutOff(time.Hour, 0)
	first("behind what is left")
	move(4) // change 5
	move(5) // change 6
	for from, want := range map[int64][]int64{0: {1, 2, 4, 5}, 2: {2, 4, 5}, 5: {5}} {
		changes, err := w.outbox.OfRows(w.Context(), []int64{5}, from)
		w.Must(err)
		if got := outbox.IDsOf(changes); !slices.Equal(got, want) {
			t.Errorf("the row's changes from %d to 5: got %v, want %v", from, got, want)
		}
	}
	changes, err := w.outbox.OfRows(w.Context(), []int64{2}, 0)
	w.Must(err)
	if got := outbox.IDsOf(changes); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("the row's changes up to one that is left: got %v, want 1 and 2", got)
	}
}

// TestSwept_anotherSequence: ids that begin anew, as those of another server may that has
// taken over, are found, and then looked at as if no others had been there.
func TestSwept_anotherSequence(t *testing.T) {
	w := newSwept(t)
	w.add(w.DB, 10)
	w.settleAll()
	w.Must(w.DB.Exec("ALTER TABLE timak_outbox ALTER id RESTART WITH 5").Error)
	w.add(w.DB, 1)
	w.outbox.Swept.PutOff(time.Hour, 0)
	w.want("a quick look", quick)
	changes, err := w.outbox.OfRows(w.Context(), []int64{5}, 0)
	w.Must(err)
	if got := outbox.IDsOf(changes); !slices.Equal(got, []int64{5}) {
		t.Errorf("the changes of a row: got %v, want 5", got)
	}
	w.outbox.Swept.PutOff(0, 0)
	w.want("a whole look", quick, 5)
	w.outbox.Swept.PutOff(time.Hour, 0)
	w.add(w.DB, 1)
	w.want("a quick look after it", quick, 5, 6)
}
