package pgstore_test

import (
	"context"
	"log"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/pgstore"
)

func ExampleOpen() {
	ctx := context.Background()
	const dsn = "host=/var/run/postgresql dbname=feed"
	if err := pgstore.Migrate(ctx, dsn, nil); err != nil {
		log.Fatal(err)
	}
	store, err := pgstore.Open(ctx, dsn, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	timelines := timak.New(store, nil)
	if _, err := timelines.Add(ctx, "brett:tweets", timak.Item{ID: "1", At: time.Now()}); err != nil {
		log.Fatal(err)
	}
}

// The store may use the application's own pool, which stays open when it is closed.
func ExampleNew() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "host=/var/run/postgresql dbname=feed")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := pgstore.New(pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	page, err := timak.New(store, nil).Page(ctx, "brett:tweets", timak.Query{})
	if err != nil {
		log.Fatal(err)
	}
	log.Println(len(page.Items))
}
