package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/relay"
)

// Audit compares timelines with the tables, and repairs them. All methods may be
// called from any number of goroutines.
type Audit struct {
	timelines *timak.Timelines
	tables    *dialect.Tables
	audiences *audience.Audiences
	relay     *relay.Relay
	log       *slog.Logger
}

// New returns an audit of the tables ts, which repairs timelines by the relay r.
func New(timelines *timak.Timelines, ts *dialect.Tables, audiences *audience.Audiences, r *relay.Relay, log *slog.Logger) *Audit {
	return &Audit{timelines: timelines, tables: ts, audiences: audiences, relay: r, log: log}
}

// Options say what a run covers; timakgorm.VerifyOptions describes the fields.
type Options struct {
	Models   []any
	Keys     []string
	Sample   int
	Repair   bool
	Progress func(Progress)
	From     string
	Limit    int
}

// Verify compares timelines with the tables, and repairs them with Options.Repair. With
// an error it also returns what it has found so far, and in Report.From where to go on.
// It returns ErrFrom, and no Report, for an Options.From that does not fit.
func (a *Audit) Verify(ctx context.Context, opts Options) (Report, error) {
	v := &verification{audit: a, opts: opts, started: time.Now(), died: map[deadRow]bool{}}
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
	audit   *Audit
	opts    Options
	sources []keySource
	all     int64
	started time.Time
	at      position // everything before it is done
	died    map[deadRow]bool

	mu      sync.Mutex // guards report while timelines are compared
	report  Report
	ticking int64 // the rows of the report that v.at includes
}

// pageOfKeys is how many timelines are done between two places from which a run can go
// on. atOnce is how many of them are compared concurrently.
const (
	pageOfKeys = 100
	atOnce     = 4
)

func (v *verification) prepare(ctx context.Context) (err error) {
	if v.opts.Sample < 0 {
		return fmt.Errorf("option Sample is %d: expected 0 or more: one in so many timelines", v.opts.Sample)
	}
	v.opts.Limit = cmp.Or(v.opts.Limit, 100)
	if v.sources, err = v.audit.keySources(ctx, v.opts.Models); err != nil {
		return err
	}
	if err := v.begin(); err != nil {
		return err
	}
	if v.opts.Repair { // the fewer changes wait, the fewer differences are in doubt
		if err := v.audit.relay.DrainTurn(ctx); err != nil {
			return err
		}
		if err := v.audit.relay.TryPutOff(ctx); err != nil {
			return err
		}
	}
	v.all, err = v.countAll(ctx)
	return err
}

// countAll returns approximately how many rows the timelines will be compared with.
func (v *verification) countAll(ctx context.Context) (all int64, err error) {
	if v.opts.Progress == nil {
		return 0, nil // only Progress needs it
	}
	if len(v.opts.Keys) > 0 {
		return v.audit.countRows(ctx, v.opts.Keys)
	}
	for _, source := range v.sources {
		rows, err := source.rows(ctx, v.audit)
		if err != nil {
			return 0, err
		}
		all += rows / int64(max(v.opts.Sample, 1))
	}
	return all, nil
}

// begin sets the position from which to go on, or returns ErrFrom.
func (v *verification) begin() (err error) {
	scope := v.scope()
	if v.opts.From != "" {
		if v.at, err = parsePosition(v.opts.From); err != nil {
			return err
		}
		if v.at.Scope != scope {
			return ErrFrom
		}
	}
	v.at.Scope = scope
	if v.at.Seed == 0 {
		v.at.Seed = rand.Uint64()
	}
	return nil
}

// scope returns a hash of what the run covers: a place in one run means nothing in a
// run that covers other keys.
func (v *verification) scope() uint64 {
	hash := fnv.New64a()
	add := func(text string) { _, _ = fmt.Fprintf(hash, "%q ", text) }
	for _, s := range v.sources {
		add(s.table.Model.Table)
		add(s.key.String())
	}
	_, _ = fmt.Fprintf(hash, "%d %d ", max(v.opts.Sample, 1), len(v.opts.Keys))
	for _, key := range v.opts.Keys {
		add(key)
	}
	return hash.Sum64()
}

// token returns the token of the position; empty at the beginning.
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
			return s.table.Model.Table == v.at.Table && s.key.String() == v.at.Key
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

// named goes through the keys in Options.Keys.
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
	if v.at.Table == s.table.Model.Table && v.at.Key == s.key.String() {
		after = v.at.After
	}
	for {
		page, err := s.page(ctx, v.audit, after, pageOfKeys)
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
		for _, values := range page.unkeyed {
			if err := v.noteUnkeyed(ctx, s, values); err != nil {
				return err
			}
		}
		v.at.Table, v.at.Key, v.at.After = s.table.Model.Table, s.key.String(), page.last
		v.turn(len(keys))
		after = page.last
		if page.size < pageOfKeys {
			return nil
		}
	}
}

// chosen leaves out the keys that are not in the sample, and those that an earlier
// source also makes.
func (v *verification) chosen(ctx context.Context, source int, keys []string) ([]string, error) {
	var chosen []string
	for _, key := range keys {
		if !v.sampled(key) {
			continue
		}
		known := false
		for _, before := range v.sources[:source] {
			made, err := before.makes(ctx, v.audit, key)
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

// page compares some timelines, and repairs them with Options.Repair.
func (v *verification) page(ctx context.Context, keys []string) error {
	known := map[model.Place]bool{}
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
