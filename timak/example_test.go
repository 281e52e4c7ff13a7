package timak_test

import (
	"context"
	"fmt"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
)

func Example() {
	ctx := context.Background()
	timelines := timak.New(memstore.New(), &timak.Options{MaxItems: 3})
	day := func(n int) time.Time { return time.Date(2011, 7, n, 0, 0, 0, 0, time.UTC) }

	var tl timak.Timeline
	for n, id := range []string{"1", "2", "3", "4"} {
		tl, _ = timelines.Add(ctx, "brett:tweets", timak.Item{ID: id, At: day(n + 1)})
	}
	fmt.Println(tl.IDs())

	tl, _ = timelines.Delete(ctx, "brett:tweets", "2")
	fmt.Println(tl.IDs())

	tl, _ = timelines.Add(ctx, "brett:tweets", timak.Item{ID: "5", At: day(5), Data: []byte(`{"body":"Hello"}`)})
	fmt.Println(tl.IDs())
	fmt.Println(string(tl.Items()[0].Data))
	// Output:
	// [4 3 2]
	// [4 3]
	// [5 4 3]
	// {"body":"Hello"}
}

// Any number of changes cost one read and one write, and each change reports its
// outcome.
func ExampleTimelines_Apply() {
	ctx := context.Background()
	timelines := timak.New(memstore.New(), &timak.Options{MaxItems: 2})
	score := time.UnixMicro

	results, err := timelines.Apply(ctx, "high scores",
		timak.Put(timak.Item{ID: "ann", At: score(30)}),
		timak.Put(timak.Item{ID: "bob", At: score(20)}),
		timak.Put(timak.Item{ID: "cid", At: score(10)}),
		timak.Put(timak.Item{ID: "ann", At: score(99)}).WithVersion(1), // from long ago
	)
	if err != nil {
		fmt.Println(err)
	}
	for _, result := range results {
		fmt.Println(result.Outcome)
	}
	tl, _ := timelines.Get(ctx, "high scores")
	fmt.Println(tl.IDs())
	// Output:
	// applied
	// applied
	// fell off
	// superseded
	// [ann bob]
}

func ExampleTimelines_Page() {
	ctx := context.Background()
	timelines := timak.New(memstore.New(), nil)
	for n := range 5 {
		_, _ = timelines.Add(ctx, "news", timak.Item{ID: fmt.Sprint(n), At: time.UnixMicro(int64(n))})
	}

	var query timak.Query
	for more := true; more; {
		query.Limit = 2
		page, err := timelines.Page(ctx, "news", query)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("page")
		for _, item := range page.Items {
			fmt.Println("-", item.ID)
		}
		query.Cursor, more = page.Next, page.More
	}
	// Output:
	// page
	// - 4
	// - 3
	// page
	// - 2
	// - 1
	// page
	// - 0
}

func ExampleTimelines_PageOf() {
	ctx := context.Background()
	timelines := timak.New(memstore.New(), nil)
	add := func(key, id string, at int64) {
		_, _ = timelines.Add(ctx, key, timak.Item{ID: id, At: time.UnixMicro(at)})
	}
	add("author:1:posts", "posts:10", 1)
	add("author:2:posts", "posts:11", 2)
	add("author:1:posts", "posts:12", 3)
	add("author:2:posts", "posts:12", 3) // both wrote it

	page, err := timelines.PageOf(ctx, []string{"author:1:posts", "author:2:posts"}, timak.Query{})
	for _, item := range page.Items {
		fmt.Println(item.ID)
	}
	fmt.Println(page.More, err)
	// Output:
	// posts:12
	// posts:11
	// posts:10
	// false <nil>
}

// A source tells why an item is there. An item stays while it has a source left.
func ExampleRemoveSource() {
	ctx := context.Background()
	timelines := timak.New(memstore.New(), nil)
	_, _ = timelines.Apply(ctx, "home of reader 3",
		timak.Put(timak.Item{ID: "posts:1", Source: "author:7", At: time.UnixMicro(1)}),
		timak.Put(timak.Item{ID: "posts:2", Source: "author:7", At: time.UnixMicro(2)}),
		timak.Put(timak.Item{ID: "posts:2", Source: "mentioned", At: time.UnixMicro(2)}),
	)

	// Reader 3 no longer follows author 7.
	_, _ = timelines.Apply(ctx, "home of reader 3", timak.RemoveSource("author:7"))
	tl, _ := timelines.Get(ctx, "home of reader 3")
	for _, item := range tl.Items() {
		fmt.Println(item.ID, item.Source)
	}
	// Output:
	// posts:2 mentioned
}
