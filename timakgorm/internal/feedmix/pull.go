package feedmix

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"
)

// Pull is a side that keeps nothing: it makes each page from the tables when it is read.
type Pull struct {
	writer
}

// NewPull opens the database.
func NewPull(dsn string) (*Pull, error) {
	db, err := openDB(dsn)
	return &Pull{writer{db}}, err
}

// homeSQL finds the newest of each author by the index alone, and then their bodies.
const homeSQL = `SELECT p.id, p.author_id, p.created_at, p.body FROM (
	SELECT n.id FROM follows f CROSS JOIN LATERAL (
		SELECT id, created_at FROM posts WHERE author_id = f.author_id AND (created_at, id) < ($2, $3)
		ORDER BY created_at DESC, id DESC LIMIT $4) n
	WHERE f.follower_id = $1 ORDER BY n.created_at DESC, n.id DESC LIMIT $4) newest
JOIN posts p USING (id) ORDER BY p.created_at DESC, p.id DESC`

const authorSQL = `SELECT id, author_id, created_at, body FROM posts
WHERE author_id = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4`

// Home implements Side.
func (p *Pull) Home(ctx context.Context, user uint32, cursor string) (Page, error) {
	return pull(ctx, p.db, homeSQL, user, cursor)
}

// Author implements Side.
func (p *Pull) Author(ctx context.Context, author uint32, cursor string) (Page, error) {
	return pull(ctx, p.db, authorSQL, author, cursor)
}

// pull reads a page by SQL, and one post more, which says whether another page follows.
func pull(ctx context.Context, db *sql.DB, query string, of uint32, cursor string) (Page, error) {
	at, id, err := parsePlace(cursor)
	if err != nil {
		return Page{}, err
	}
	posts, err := read(ctx, db, query, of, at, id, pageLimit+1)
	if err != nil || len(posts) <= pageLimit {
		return Page{Posts: posts}, err
	}
	posts = posts[:pageLimit]
	return Page{posts, place(posts[pageLimit-1])}, nil
}

// place returns a cursor for what follows a post.
func place(p Post) string { return fmt.Sprintf("%d.%d", p.At.UnixMicro(), p.ID) }

// parsePlace returns the date and id of a cursor; those of the beginning if it is empty.
func parsePlace(cursor string) (at time.Time, id int64, err error) {
	if cursor == "" {
		return endless, math.MaxInt64, nil
	}
	var micro int64
	if n, _ := fmt.Sscanf(cursor, "%d.%d", &micro, &id); n != 2 {
		return at, 0, errCursor
	}
	return time.UnixMicro(micro).UTC(), id, nil
}

// Fill implements Side: the tables are all there is.
func (p *Pull) Fill(context.Context) error { return nil }

// Settle implements Side: what is committed is visible.
func (p *Pull) Settle(context.Context) error { return nil }

// Written implements Side: nothing but the tables is written.
func (p *Pull) Written() Written { return Written{} }

// Close implements Side.
func (p *Pull) Close() error { return p.db.Close() }

// About implements Side.
func (p *Pull) About(ctx context.Context) (about string, err error) {
	err = p.db.QueryRowContext(ctx, `SELECT format('PostgreSQL %s, fsync %s, synchronous_commit %s, shared_buffers %s',
		current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'), current_setting('shared_buffers'))`).Scan(&about)
	return about, err
}
