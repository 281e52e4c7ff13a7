package feedmix

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/graph"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/measured"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/pages"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/report"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/scene"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/script"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/tables"
)

// Entry is a side that is to run, or is not.
type Entry struct {
	Name  string
	Open  func(ctx context.Context, dsn string) (feed.Side, error)
	Loose bool // it may have wrong pages: they are told, and do not fail the run
}

// lane is a side that runs.
type lane struct {
	Entry

	side   feed.Side
	db     *sql.DB // of its database, for what is not the side's
	script *script.Script
	filled time.Duration
}

// run is one run.
type run struct {
	cfg   script.Config
	lanes []*lane
	say   func(progress string)
}

// Run measures sides, each on a database of its own that newDSN has created, empty. say
// gets a line for each step. If there are wrong pages it returns ErrWrongPages, and the
// report.
func Run(ctx context.Context, cfg script.Config, entries []Entry, newDSN func() string, say func(string)) (told *report.Report, err error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	r := &run{cfg: cfg, say: say}
	defer func() { err = errors.Join(err, r.close()) }()
	follows := graph.New(cfg.Users(), cfg.Rand(script.StreamGraph))
	posts := feed.FirstPosts(cfg.Users(), cfg.Posts, cfg.Payload, cfg.Rand(script.StreamPosts))
	told = report.New(cfg, follows)
	for _, entry := range entries {
		if err := r.open(ctx, entry, newDSN(), follows, posts); err != nil {
			return nil, fmt.Errorf("feedmix: %s: %w", entry.Name, err)
		}
	}
	if err := r.measure(ctx, told); err != nil {
		return nil, err
	}
	return told, r.check(ctx, told)
}

func (r *run) close() (err error) {
	for _, l := range r.lanes {
		err = errors.Join(err, l.side.Close(), l.db.Close())
	}
	return err
}

// open fills a database, and has a side make its feeds.
func (r *run) open(ctx context.Context, entry Entry, dsn string, follows *graph.Graph, posts []feed.Post) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	r.say(entry.Name + ": fill")
	if err := tables.Load(ctx, db, follows, posts); err != nil {
		return errors.Join(err, db.Close())
	}
	side, err := entry.Open(ctx, dsn)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	l := &lane{Entry: entry, side: side, db: db, script: script.New(r.cfg, follows, posts)}
	r.lanes = append(r.lanes, l)
	began := time.Now()
	err = side.Fill(ctx)
	l.filled = time.Since(began)
	return err
}

// measure plays all mixes at all rates.
func (r *run) measure(ctx context.Context, told *report.Report) error {
	for _, name := range r.cfg.Mixes {
		mix, err := script.MixOf(name)
		if err != nil {
			return err
		}
		for _, rate := range r.cfg.Rates {
			r.say(fmt.Sprintf("mix %s at %v/s", name, rate))
			results, err := r.play(ctx, mix, rate)
			if err != nil {
				return err
			}
			told.AddPhase(mix, rate, results)
		}
	}
	return nil
}

// play plays a mix at a rate, in turns.
func (r *run) play(ctx context.Context, mix script.Mix, rate float64) ([]*measured.Result, error) {
	results := make([]*measured.Result, len(r.lanes))
	every := time.Duration(float64(time.Second) / rate)
	n := max(1, int(r.cfg.Time/time.Duration(r.cfg.Turns)/every))
	for range r.cfg.Turns {
		for i, l := range r.lanes {
			if results[i] == nil {
				results[i] = &measured.Result{}
			}
			if err := l.turn(ctx, results[i], l.script.Scene(mix, n, every), every, r.cfg.Capacity); err != nil {
				return nil, fmt.Errorf("feedmix: %s: %w", l.Name, err)
			}
		}
	}
	return results, nil
}

// turn plays one turn, and waits until all of it is visible.
func (l *lane) turn(ctx context.Context, result *measured.Result, ops []script.Op, every time.Duration, capacity int) error {
	written := l.side.Written()
	logged, err := walOf(ctx, l.db)
	if err != nil {
		return err
	}
	if err := scene.Play(ctx, result, l.side, capacity, ops, every); err != nil {
		return err
	}
	if err := l.side.Settle(ctx); err != nil {
		return err
	}
	wal, err := walOf(ctx, l.db)
	if err != nil {
		return err
	}
	now := l.side.Written().Since(written)
	result.Written = feed.Written{Writes: result.Written.Writes + now.Writes, Bytes: result.Written.Bytes + now.Bytes}
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
func (r *run) check(ctx context.Context, told *report.Report) error {
	var failed error
	for _, l := range r.lanes {
		r.say(l.Name + ": compare with SQL")
		wrong, err := pages.Check(ctx, l.side, l.db, l.script.Sample(r.cfg.Checked, r.cfg.Rand(script.StreamChecked)))
		if err != nil {
			return fmt.Errorf("feedmix: compare %s with SQL: %w", l.Name, err)
		}
		if wrong.Wrong > 0 && !l.Loose {
			failed = errors.Join(failed, fmt.Errorf("%w: %s: %+v", ErrWrongPages, l.Name, wrong))
		}
		about, err := l.side.About(ctx)
		if err != nil {
			return err
		}
		told.AddRan(report.Ran{Name: l.Name, About: about, Filled: l.filled, Wrong: wrong})
	}
	return failed
}
