// Package tables makes the tables of all sides, and reads and writes their rows.
package tables

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/graph"
)

// SQL makes the tables of every side, with the indexes that serve it best.
const SQL = `
CREATE TABLE posts (id bigint PRIMARY KEY, author_id bigint NOT NULL, created_at timestamptz NOT NULL, body text NOT NULL);
CREATE INDEX posts_of_author ON posts (author_id, created_at DESC, id DESC);
CREATE TABLE follows (follower_id bigint, author_id bigint, PRIMARY KEY (follower_id, author_id));
CREATE INDEX followers_of_author ON follows (author_id, follower_id);
`

// Connections is how many each side may have.
const Connections = 32

// Open opens a database of Postgres, for a side.
func Open(dsn string) (*sql.DB, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	Limit(db)
	return db, nil
}

// Limit gives a database its connections.
func Limit(db *sql.DB) {
	db.SetMaxOpenConns(Connections)
	db.SetMaxIdleConns(Connections)
}

// Load creates the tables in an empty database, with the rows of a graph and of posts.
func Load(ctx context.Context, db *sql.DB, g *graph.Graph, posts []feed.Post) error {
	if _, err := db.ExecContext(ctx, SQL); err != nil {
		return fmt.Errorf("feedmix: create tables: %w", err)
	}
	follows := pairs(g)
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	err = conn.Raw(func(driver any) error {
		pg := driver.(*stdlib.Conn).Conn()
		_, err := pg.CopyFrom(ctx, pgx.Identifier{"posts"}, []string{"id", "author_id", "created_at", "body"},
			pgx.CopyFromSlice(len(posts), func(i int) ([]any, error) {
				p := posts[i]
				return []any{int64(p.ID), int64(p.Author), p.At, p.Body}, nil
			}))
		if err != nil {
			return err
		}
		_, err = pg.CopyFrom(ctx, pgx.Identifier{"follows"}, []string{"follower_id", "author_id"},
			pgx.CopyFromSlice(len(follows), func(i int) ([]any, error) { return []any{follows[i][0], follows[i][1]}, nil }))
		return err
	})
	if err != nil {
		return fmt.Errorf("feedmix: fill tables: %w", err)
	}
	_, err = db.ExecContext(ctx, "VACUUM ANALYZE posts, follows")
	return err
}

// pairs returns the rows of follows.
func pairs(g *graph.Graph) [][2]int64 {
	all := make([][2]int64, 0, g.Edges())
	for user := uint32(1); int(user) <= g.Users(); user++ {
		for _, author := range g.Following(user) {
			all = append(all, [2]int64{int64(user), int64(author)})
		}
	}
	return all
}
