// Package pull makes home feeds by SQL, whenever they are read.
package pull

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/tables"
)

// Side is a side that keeps nothing: it makes each page from the tables when it is read.
type Side struct {
	tables.Writer
}

// New opens the database.
func New(dsn string) (*Side, error) {
	db, err := tables.Open(dsn)
	return &Side{tables.Writer{DB: db}}, err
}

// HomeSQL finds the newest of each author by the index alone, and then their bodies.
const HomeSQL = `SELECT p.id, p.author_id, p.created_at, p.body FROM (
	SELECT n.id FROM follows f CROSS JOIN LATERAL (
		SELECT id, created_at FROM posts WHERE author_id = f.author_id AND (created_at, id) < ($2, $3)
		ORDER BY created_at DESC, id DESC LIMIT $4) n
	WHERE f.follower_id = $1 ORDER BY n.created_at DESC, n.id DESC LIMIT $4) newest
JOIN posts p USING (id) ORDER BY p.created_at DESC, p.id DESC`

const authorSQL = `SELECT id, author_id, created_at, body FROM posts
WHERE author_id = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4`

// Home implements feed.Side.
func (p *Side) Home(ctx context.Context, user uint32, cursor string) (feed.Page, error) {
	return Page(ctx, p.DB, HomeSQL, user, cursor)
}

// Author implements feed.Side.
func (p *Side) Author(ctx context.Context, author uint32, cursor string) (feed.Page, error) {
	return Page(ctx, p.DB, authorSQL, author, cursor)
}

// Page reads a page by SQL, and one post more, which says whether another page follows.
func Page(ctx context.Context, db *sql.DB, query string, of uint32, cursor string) (feed.Page, error) {
	at, id, err := ParsePlace(cursor)
	if err != nil {
		return feed.Page{}, err
	}
	posts, err := tables.Read(ctx, db, query, of, at, id, feed.PageLimit+1)
	if err != nil || len(posts) <= feed.PageLimit {
		return feed.Page{Posts: posts}, err
	}
	posts = posts[:feed.PageLimit]
	return feed.Page{Posts: posts, Next: Place(posts[feed.PageLimit-1])}, nil
}

// Place returns a cursor for what follows a post.
func Place(p feed.Post) string { return fmt.Sprintf("%d.%d", p.At.UnixMicro(), p.ID) }

// ParsePlace returns the date and id of a cursor; those of the beginning if it is empty.
func ParsePlace(cursor string) (at time.Time, id int64, err error) {
	if cursor == "" {
		return endless, math.MaxInt64, nil
	}
	var micro int64
	if n, _ := fmt.Sscanf(cursor, "%d.%d", &micro, &id); n != 2 {
		return at, 0, feed.ErrCursor
	}
	return time.UnixMicro(micro).UTC(), id, nil
}

// Fill implements feed.Side: the tables are all there is.
func (p *Side) Fill(context.Context) error { return nil }

// Settle implements feed.Side: what is committed is visible.
func (p *Side) Settle(context.Context) error { return nil }

// Written implements feed.Side: nothing but the tables is written.
func (p *Side) Written() feed.Written { return feed.Written{} }

// Close implements feed.Side.
func (p *Side) Close() error { return p.DB.Close() }

// About implements feed.Side.
func (p *Side) About(ctx context.Context) (about string, err error) {
	err = p.DB.QueryRowContext(ctx, `SELECT format('PostgreSQL %s, fsync %s, synchronous_commit %s, shared_buffers %s',
		current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'), current_setting('shared_buffers'))`).Scan(&about)
	return about, err
}

// endless is a date after all others.
var endless = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
