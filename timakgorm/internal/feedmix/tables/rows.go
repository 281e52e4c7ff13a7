package tables

import (
	"context"
	"database/sql"
	"errors"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
)

// Read returns the posts of a query for ids, authors, dates and bodies.
func Read(ctx context.Context, db *sql.DB, query string, args ...any) (posts []feed.Post, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p feed.Post
		if err := rows.Scan(&p.ID, &p.Author, &p.At, &p.Body); err != nil {
			return nil, err
		}
		p.At = p.At.UTC()
		posts = append(posts, p)
	}
	return posts, rows.Err()
}

// Writer makes the changes of rows for the sides that write them by plain SQL.
type Writer struct{ DB *sql.DB }

func (w Writer) exec(ctx context.Context, statement string, args ...any) error {
	_, err := w.DB.ExecContext(ctx, statement, args...)
	return err
}

// Publish is that of feed.Side.
func (w Writer) Publish(ctx context.Context, p feed.Post) error {
	return w.exec(ctx, "INSERT INTO posts (id, author_id, created_at, body) VALUES ($1, $2, $3, $4)", p.ID, p.Author, p.At, p.Body)
}

// Edit is that of feed.Side.
func (w Writer) Edit(ctx context.Context, p feed.Post) error {
	return w.exec(ctx, "UPDATE posts SET body = $2 WHERE id = $1", p.ID, p.Body)
}

// Delete is that of feed.Side.
func (w Writer) Delete(ctx context.Context, p feed.Post) error {
	return w.exec(ctx, "DELETE FROM posts WHERE id = $1", p.ID)
}

// Follow is that of feed.Side.
func (w Writer) Follow(ctx context.Context, user, author uint32) error {
	return w.exec(ctx, "INSERT INTO follows (follower_id, author_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", user, author)
}

// Unfollow is that of feed.Side.
func (w Writer) Unfollow(ctx context.Context, user, author uint32) error {
	return w.exec(ctx, "DELETE FROM follows WHERE follower_id = $1 AND author_id = $2", user, author)
}
