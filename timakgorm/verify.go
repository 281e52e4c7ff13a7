package timakgorm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// VerifyOptions say what Verify looks at. The zero VerifyOptions mean every
// timeline of every rule.
type VerifyOptions struct {
	// Models are the registered models, as pointers to their structs, whose rules
	// give the keys. Each timeline is compared with all models that share it.
	// Defaults to all.
	Models []any

	// Keys are the timelines to look at, instead of those that the tables give.
	Keys []string

	// Sample has one in so many timelines looked at, by chance. Defaults to 1:
	// all of them.
	Sample int

	// Repair mends what is found, as Rebuild does.
	Repair bool

	// Progress is called with how far the run is, about a hundred times for each
	// ten thousand timelines, and each million rows; never twice at once.
	Progress func(Progress)

	// From is Report.From or Progress.From of an earlier run of Verify or Rebuild
	// with the same Models, Keys and Sample: this one goes on where it ended. Any
	// other is ErrFrom. Defaults to the beginning.
	From string

	// Limit is how many differences the report keeps; it counts them all.
	// Defaults to 100; below zero keeps none.
	Limit int
}

// Report is what Verify and Rebuild found.
type Report struct {
	// Keys is how many timelines were compared, and Rows with how many rows; a
	// row counts once for each timeline that its key columns name.
	Keys int
	Rows int64

	// These are the differences found, whether or not they were repaired.
	Missing, Extra, Misplaced, Stale, Damaged, Unplaceable int

	// Remaining is how many differences are left. Rebuild can mend nothing
	// Unplaceable: somebody has to mend the row.
	Remaining int

	// Unsettled is how many items may be different or not, as changes of their
	// rows kept waiting in the outbox, or kept coming.
	Unsettled int

	// Differences are the first that were found, the unsettled included.
	Differences []Difference

	// From is the token to go on from, if the run ended before all was done. Empty
	// if it did not, and if it ended before the first timelines were done.
	From string
}

// Found returns how many differences were found.
func (r Report) Found() int {
	return r.Missing + r.Extra + r.Misplaced + r.Stale + r.Damaged + r.Unplaceable
}

// Clean reports whether the timelines are as the tables: nothing different is
// left, and nothing is in doubt. As long as there is an unplaceable row they are
// not, since a reader misses it. A row that no rule wants, as its condition is
// false or a column of its key NULL, is none.
func (r Report) Clean() bool { return r.Remaining == 0 && r.Unsettled == 0 }

// Verify compares timelines with the tables that its rules name. It may run
// beside writers and relays, for as long as it takes: what changes meanwhile is
// no difference, and a difference is none before it has been confirmed. Only
// while changes wait in the outbox their items are Unsettled, so a relay should
// run, or Drain come first. That a change is among the dead letters excuses
// nothing.
//
// A row that a rule wants and cannot place is Unplaceable, and stops nothing. Those
// whose keys cannot be read belong to no timeline: they are found where the tables
// give the keys, with whatever Sample, and not where Keys does.
//
// The keys are those which the rows make that there are, the soft-deleted and
// the ones whose condition is false included. A key that was left by the last
// of its rows is in no table any more: name it in Keys to have its timeline
// compared.
//
// It reads each timeline once and its rows with one query a table, so the columns
// of keys want an index. It holds no more rows in memory than a hundred timelines have items. Without
// Repair nothing is written. Beside an error, that of ctx included, it returns
// what was found until then, and From to go on from.
func (p *Plugin) Verify(ctx context.Context, opts VerifyOptions) (Report, error) {
	report, err := p.verify(ctx, opts)
	if err != nil {
		err = fmt.Errorf("timakgorm: verify: %w", err)
	}
	return report, err
}

func (p *Plugin) verify(ctx context.Context, opts VerifyOptions) (Report, error) {
	if p.db == nil {
		return Report{}, errNotInUse
	}
	v := &verification{p: p, opts: opts, started: time.Now(), died: map[deadRow]bool{}}
	if err := v.prepare(ctx); errors.Is(err, ErrFrom) {
		return Report{}, err
	} else if err != nil {
		return Report{From: opts.From}, err
	}
	err := v.run(ctx)
	if err != nil {
		v.report.From = v.token()
	}
	return v.report, err
}

// verification is a run of Verify or Rebuild.
type verification struct {
	p       *Plugin
	opts    VerifyOptions
	sources []keySource
	all     int64
	started time.Time
	at      position // up to here all is done
	died    map[deadRow]bool

	mu      sync.Mutex // guards what follows, while timelines are compared
	report  Report
	ticking int64 // rows when Progress was last called
}

// pageOfKeys is how many timelines are done before a run can go on from there,
// and atOnce how many of them are compared side by side.
const (
	pageOfKeys = 100
	atOnce     = 4
)

func (v *verification) prepare(ctx context.Context) (err error) {
	if v.opts.Sample < 0 {
		return fmt.Errorf("option Sample is %d: expected one in how many timelines", v.opts.Sample)
	}
	v.opts.Limit = cmp.Or(v.opts.Limit, 100)
	if v.sources, err = v.p.keySources(ctx, v.opts.Models); err != nil {
		return err
	}
	if err := v.begin(); err != nil {
		return err
	}
	if v.opts.Repair { // what waits need not be judged
		if err := v.p.drainTurn(ctx); err != nil {
			return err
		}
		if err := v.p.tryPutOff(ctx); err != nil {
			return err
		}
	}
	v.all, err = v.countAll(ctx)
	return err
}

// countAll returns about how many rows the timelines will be compared with.
func (v *verification) countAll(ctx context.Context) (all int64, err error) {
	if v.opts.Progress == nil {
		return 0, nil // nobody asks
	}
	if len(v.opts.Keys) > 0 {
		return v.p.countRows(ctx, v.opts.Keys)
	}
	for _, source := range v.sources {
		rows, err := source.rows(ctx, v.p)
		if err != nil {
			return 0, err
		}
		all += rows / int64(max(v.opts.Sample, 1))
	}
	return all, nil
}

// begin takes the position to go on from.
func (v *verification) begin() (err error) {
	over := v.over()
	if v.opts.From != "" {
		if v.at, err = parsePosition(v.opts.From); err != nil {
			return err
		}
		if v.at.Over != over {
			return ErrFrom
		}
	}
	v.at.Over = over
	if v.at.Seed == 0 {
		v.at.Seed = rand.Uint64()
	}
	return nil
}

// over tells runs apart that go through different keys, of which a place in one
// says nothing about another.
func (v *verification) over() uint64 {
	hash := fnv.New64a()
	add := func(text string) { _, _ = fmt.Fprintf(hash, "%q ", text) }
	for _, s := range v.sources {
		add(s.table.model.table)
		add(s.key.String())
	}
	_, _ = fmt.Fprintf(hash, "%d %d ", max(v.opts.Sample, 1), len(v.opts.Keys))
	for _, key := range v.opts.Keys {
		add(key)
	}
	return hash.Sum64()
}

func (v *verification) token() string {
	if v.at.Table == "" && v.at.Named == 0 {
		return ""
	}
	return v.at.token()
}

func (v *verification) run(ctx context.Context) error {
	if len(v.opts.Keys) > 0 {
		return v.named(ctx)
	}
	first := 0
	if v.at.Table != "" || v.at.Named > 0 {
		first = slices.IndexFunc(v.sources, func(s keySource) bool {
			return s.table.model.table == v.at.Table && s.key.String() == v.at.Key
		})
		if first < 0 {
			return ErrFrom
		}
	}
	for n := range v.sources[first:] {
		if err := v.source(ctx, first+n); err != nil {
			return err
		}
	}
	return nil
}

// named goes through the keys that were asked for.
func (v *verification) named(ctx context.Context) error {
	if v.at.Named > len(v.opts.Keys) || v.at.Table != "" {
		return ErrFrom
	}
	for keys := range slices.Chunk(v.opts.Keys[v.at.Named:], pageOfKeys) {
		if err := v.page(ctx, keys); err != nil {
			return err
		}
		v.at.Named += len(keys)
		v.turn(len(keys))
	}
	return nil
}

// source goes through the keys of a source.
func (v *verification) source(ctx context.Context, n int) error {
	s := v.sources[n]
	var after []string
	if v.at.Table == s.table.model.table && v.at.Key == s.key.String() {
		after = v.at.After
	}
	for {
		page, err := s.page(ctx, v.p, after, pageOfKeys)
		if err != nil || page.size == 0 {
			return err
		}
		keys, err := v.chosen(ctx, n, page.keys)
		if err != nil {
			return err
		}
		if err := v.page(ctx, keys); err != nil {
			return err
		}
		for _, values := range page.odd {
			if err := v.odd(ctx, s, values); err != nil {
				return err
			}
		}
		v.at.Table, v.at.Key, v.at.After = s.table.model.table, s.key.String(), page.last
		v.turn(len(keys))
		after = page.last
		if page.size < pageOfKeys {
			return nil
		}
	}
}

// chosen leaves out the keys that are not in the sample, and those that a
// source before has come upon.
func (v *verification) chosen(ctx context.Context, source int, keys []string) ([]string, error) {
	var chosen []string
	for _, key := range keys {
		if !v.sampled(key) {
			continue
		}
		known := false
		for _, before := range v.sources[:source] {
			made, err := before.makes(ctx, v.p, key)
			if err != nil {
				return nil, err
			}
			known = known || made
		}
		if !known {
			chosen = append(chosen, key)
		}
	}
	return chosen, nil
}

func (v *verification) sampled(key string) bool {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(strconv.FormatUint(v.at.Seed, 16) + key))
	return v.opts.Sample <= 1 || hash.Sum64()%uint64(v.opts.Sample) == 0
}

// turn notes that timelines are done, all rows of which have been counted.
func (v *verification) turn(keys int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.at.Keys += keys
	v.at.Rows += v.report.Rows - v.ticking
	v.ticking = v.report.Rows
	v.report.Keys += keys
	v.tell(v.at.Rows)
}

// tell calls Progress.
func (v *verification) tell(rows int64) {
	if v.opts.Progress == nil {
		return
	}
	elapsed := time.Since(v.started)
	v.opts.Progress(Progress{
		Keys: v.at.Keys, Rows: rows, All: max(v.all, rows), Differences: v.report.Found(),
		Elapsed: elapsed, Rate: float64(v.report.Rows) / max(elapsed.Seconds(), 1e-9), From: v.token(),
	})
}

// rowsATick is how many rows of one timeline are compared between two calls of
// Progress.
const rowsATick = 10000

// counter returns what counts the rows of one timeline.
func (v *verification) counter(ctx context.Context) func(rows int64) error {
	return func(rows int64) error {
		if rows%rowsATick > 0 {
			return nil
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.report.Rows += rowsATick
		v.tell(v.at.Rows + v.report.Rows - v.ticking)
		return ctx.Err()
	}
}

// page compares some timelines, and mends them if it is to.
func (v *verification) page(ctx context.Context, keys []string) error {
	known := map[place]bool{}
	for round := 0; ; round++ {
		found, err := v.compareAll(ctx, keys, round == 0)
		if err != nil {
			return err
		}
		if round == 0 {
			v.noteUnplaceable(found)
		}
		for _, f := range found {
			v.note(f, known)
		}
		if !v.opts.Repair || round == rounds || !slices.ContainsFunc(found, v.mendable) {
			v.remain(found)
			return nil
		}
		if err := v.mend(ctx, found); err != nil {
			return err
		}
		keys = keys[:0:0]
		for _, f := range found {
			keys = append(keys, f.key)
		}
	}
}

// finding is what is wrong with one timeline.
type finding struct {
	contents

	damaged     bool
	suspects    []*suspect
	unplaceable unplaceables
}

// compareAll compares timelines side by side and returns those that differ.
func (v *verification) compareAll(ctx context.Context, keys []string, count bool) ([]*finding, error) {
	found := make([]*finding, len(keys))
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(atOnce)
	for n, key := range keys {
		workers.Go(func() (err error) {
			found[n], err = v.compare(ctx, key, count)
			return err
		})
	}
	err := workers.Wait()
	return slices.DeleteFunc(found, func(f *finding) bool { return f == nil }), err
}

// compare compares a timeline; nil if it is as it should be.
func (v *verification) compare(ctx context.Context, key string, count bool) (*finding, error) {
	f := &finding{contents: v.p.contentsOf(key)}
	if f.parts == nil {
		return nil, fmt.Errorf("no rule makes the key %q", key)
	}
	entries, damaged, err := v.p.entries(ctx, key)
	if err != nil {
		return nil, err
	}
	counter := func(int64) error { return nil }
	if count {
		counter = v.counter(ctx)
	}
	n := &comparison{key: key, progress: counter, unplaceable: unplaceables{limit: max(v.opts.Limit, 0)}}
	if err := v.p.compare(ctx, f.contents, entries, n); err != nil {
		return nil, err
	}
	if count {
		v.mu.Lock()
		v.report.Rows += n.rows % rowsATick
		v.mu.Unlock()
	}
	f.damaged, f.unplaceable = damaged, n.unplaceable
	if f.suspects, err = v.p.judge(ctx, f.contents, entries, n.suspects); err != nil || f.right() {
		return nil, err
	}
	return f, v.p.lookAhead(ctx, f.suspects)
}

// right reports whether nothing was found.
func (f *finding) right() bool {
	return !f.damaged && len(f.suspects) == 0 && f.unplaceable.count == 0
}

// lookAhead notes which suspects have versions that Rebuild does not follow.
func (p *Plugin) lookAhead(ctx context.Context, suspects []*suspect) error {
	followed, err := p.followed(ctx)
	for _, s := range suspects {
		s.ahead = s.version > followed
	}
	return err
}
