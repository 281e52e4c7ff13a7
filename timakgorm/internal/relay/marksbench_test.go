package relay_test

import (
	"fmt"
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// BenchmarkMarks applies batches of posts of one author to a Redis store, with a mark behind
// each and, as the baseline, to the same store as one that loses nothing.
func BenchmarkMarks(b *testing.B) {
	for _, posts := range []int{1, 1000} {
		for _, marked := range []bool{false, true} {
			b.Run(fmt.Sprintf("posts=%d/marks=%v", posts, marked), func(b *testing.B) {
				var store driver.Store = openRedis(b, redistest.NewServer(b))
				if !marked {
					store = struct{ driver.Store }{store}
				}
				w := world.New(b, world.Setup{Dialect: "postgres", Store: store, Options: &timakgorm.Options{}})
				w.Drain()
				for b.Loop() {
					b.StopTimer()
					batch := make([]*world.Post, posts)
					for n := range batch {
						batch[n] = &world.Post{AuthorID: 1, Published: true, CreatedAt: world.At(n)}
					}
					w.Must(w.DB.Create(batch).Error)
					b.StartTimer()
					w.Drain()
				}
			})
		}
	}
}
