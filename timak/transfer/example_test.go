package transfer_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/transfer"
)

func ExampleCopy() {
	ctx := context.Background()
	from, to := memstore.New(), memstore.New()
	add := func(store *memstore.Store, id string) {
		if _, err := timak.New(store, nil).Add(ctx, "brett:tweets", timak.Item{ID: id, At: time.Unix(1, 0)}); err != nil {
			log.Fatal(err)
		}
	}
	add(from, "1")
	add(to, "2")

	report, err := transfer.Copy(ctx, from, to, nil)
	if err != nil {
		log.Fatal(err) // run it again, or go on with Options.After = report.After
	}
	timeline, err := timak.New(to, nil).Get(ctx, "brett:tweets")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Timelines, timeline.IDs())
	// Output: 1 [2 1]
}
