package feedmix

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Entry is a side that is to run, or is not.
type Entry struct {
	Name   string
	Open   func(ctx context.Context, dsn string) (Side, error) // nil: it does not run
	NotRun string                                              // why not
	Loose  bool                                                // it may have wrong pages: they are told, and do not fail the run
}

// lane is a side that runs.
type lane struct {
	Entry

	side   Side
	db     *sql.DB // of its database, for what is not the side's
	script *Script
	filled time.Duration
	wrong  Wrong
}

// run is one run.
type run struct {
	cfg   Config
	lanes []*lane
	say   func(progress string)
}

// Run measures sides, each on a database of its own that newDSN has created, empty. say
// gets a line for each step. If there are wrong pages it returns ErrWrongPages, and the
// report.
func Run(ctx context.Context, cfg Config, entries []Entry, newDSN func() string, say func(string)) (report *Report, err error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	r := &run{cfg: cfg, say: say}
	defer func() { err = errors.Join(err, r.close()) }()
	graph := NewGraph(cfg.Users(), cfg.rand(streamGraph))
	posts := FirstPosts(cfg.Users(), cfg.Posts, cfg.Payload, cfg.rand(streamPosts))
	report = newReport(cfg, graph)
	for _, entry := range entries {
		if entry.Open == nil {
			report.notRun = append(report.notRun, entry)
			continue
		}
		if err := r.open(ctx, entry, newDSN(), graph, posts); err != nil {
			return nil, fmt.Errorf("feedmix: %s: %w", entry.Name, err)
		}
	}
	if err := r.measure(ctx, report); err != nil {
		return nil, err
	}
	return report, r.check(ctx, report)
}

func (r *run) close() (err error) {
	for _, l := range r.lanes {
		err = errors.Join(err, l.side.Close(), l.db.Close())
	}
	return err
}

// open fills a database, and has a side make its feeds.
func (r *run) open(ctx context.Context, entry Entry, dsn string, graph *Graph, posts []Post) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	r.say(entry.Name + ": fill")
	if err := Load(ctx, db, graph, posts); err != nil {
		return errors.Join(err, db.Close())
	}
	side, err := entry.Open(ctx, dsn)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	l := &lane{Entry: entry, side: side, db: db, script: NewScript(r.cfg, graph, posts)}
	r.lanes = append(r.lanes, l)
	began := time.Now()
	err = side.Fill(ctx)
	l.filled = time.Since(began)
	return err
}

// measure plays all mixes at all rates.
func (r *run) measure(ctx context.Context, report *Report) error {
	for _, name := range r.cfg.Mixes {
		mix, err := mixOf(name)
		if err != nil {
			return err
		}
		for _, rate := range r.cfg.Rates {
			r.say(fmt.Sprintf("mix %s at %v/s", name, rate))
			results, err := r.play(ctx, mix, rate)
			if err != nil {
				return err
			}
			report.phases = append(report.phases, phase{mix, rate, results})
		}
	}
	return nil
}

// play plays a mix at a rate, in turns.
func (r *run) play(ctx context.Context, mix Mix, rate float64) ([]*Result, error) {
	results := make([]*Result, len(r.lanes))
	every := time.Duration(float64(time.Second) / rate)
	n := max(1, int(r.cfg.Time/time.Duration(r.cfg.Turns)/every))
	for range r.cfg.Turns {
		for i, l := range r.lanes {
			if results[i] == nil {
				results[i] = &Result{}
			}
			if err := l.turn(ctx, results[i], l.script.Scene(mix, n, every), every, r.cfg.Capacity); err != nil {
				return nil, fmt.Errorf("feedmix: %s: %w", l.Name, err)
			}
		}
	}
	return results, nil
}

// turn plays one turn, and waits until all of it is visible.
func (l *lane) turn(ctx context.Context, result *Result, ops []Op, every time.Duration, capacity int) error {
	written := l.side.Written()
	logged, err := walOf(ctx, l.db)
	if err != nil {
		return err
	}
	s := &scene{Result: result, side: l.side, capacity: capacity}
	if err := s.play(ctx, ops, every); err != nil {
		return err
	}
	if err := l.side.Settle(ctx); err != nil {
		return err
	}
	wal, err := walOf(ctx, l.db)
	if err != nil {
		return err
	}
	now := l.side.Written().since(written)
	result.Written = Written{result.Written.Writes + now.Writes, result.Written.Bytes + now.Bytes}
	result.WAL += wal - logged
	return nil
}

// walOf returns how much the server has logged.
func walOf(ctx context.Context, db *sql.DB) (bytes int64, err error) {
	err = db.QueryRowContext(ctx, "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint").Scan(&bytes)
	return bytes, err
}

// ErrWrongPages is returned by Run if a page was not what SQL says.
var ErrWrongPages = errors.New("feedmix: wrong pages")

// check compares the pages of some users with SQL, the same for each side.
func (r *run) check(ctx context.Context, report *Report) error {
	var failed error
	for _, l := range r.lanes {
		r.say(l.Name + ": compare with SQL")
		wrong, err := check(ctx, l.side, l.db, l.script.sample(r.cfg.Checked, r.cfg.rand(streamChecked)))
		if err != nil {
			return fmt.Errorf("feedmix: compare %s with SQL: %w", l.Name, err)
		}
		if l.wrong = wrong; wrong.Wrong > 0 && !l.Loose {
			failed = errors.Join(failed, fmt.Errorf("%w: %s: %+v", ErrWrongPages, l.Name, wrong))
		}
		if err := report.add(ctx, l); err != nil {
			return err
		}
	}
	return failed
}
