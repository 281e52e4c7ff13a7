package riakstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

func ExampleOpen() {
	ctx := context.Background()
	cluster, err := riaktest.New(nil) // in production: a cluster's addresses, "10.0.0.1:8087", …
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()

	store, err := riakstore.Open(cluster.Addresses(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	timeline, err := timak.New(store, nil).Add(ctx, "brett:tweets", timak.Item{ID: "1", At: time.UnixMicro(1)})
	fmt.Println(timeline.IDs(), err)
	// Output: [1] <nil>
}
