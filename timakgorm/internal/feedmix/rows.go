package feedmix

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// read returns the posts of a query for ids, authors, dates and bodies.
func read(ctx context.Context, db *sql.DB, query string, args ...any) (posts []Post, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p Post
		if err := rows.Scan(&p.ID, &p.Author, &p.At, &p.Body); err != nil {
			return nil, err
		}
		p.At = p.At.UTC()
		posts = append(posts, p)
	}
	return posts, rows.Err()
}

// writer makes the changes of rows for the sides that write them by plain SQL.
type writer struct{ db *sql.DB }

func (w writer) exec(ctx context.Context, statement string, args ...any) error {
	_, err := w.db.ExecContext(ctx, statement, args...)
	return err
}

func (w writer) Publish(ctx context.Context, p Post) error {
	return w.exec(ctx, "INSERT INTO posts (id, author_id, created_at, body) VALUES ($1, $2, $3, $4)", p.ID, p.Author, p.At, p.Body)
}

func (w writer) Edit(ctx context.Context, p Post) error {
	return w.exec(ctx, "UPDATE posts SET body = $2 WHERE id = $1", p.ID, p.Body)
}

func (w writer) Delete(ctx context.Context, p Post) error {
	return w.exec(ctx, "DELETE FROM posts WHERE id = $1", p.ID)
}

func (w writer) Follow(ctx context.Context, user, author uint32) error {
	return w.exec(ctx, "INSERT INTO follows (follower_id, author_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", user, author)
}

func (w writer) Unfollow(ctx context.Context, user, author uint32) error {
	return w.exec(ctx, "DELETE FROM follows WHERE follower_id = $1 AND author_id = $2", user, author)
}

// endless is a date after all others.
var endless = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
