package graph_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/graph"
)

const graphUsers = 5000

func graphOf(seed uint64) *graph.Graph {
	return graph.New(graphUsers, rand.New(rand.NewPCG(seed, 0)))
}

// sameGraph reports whether two graphs have the same pairs, in the same order.
func sameGraph(a, b *graph.Graph) bool {
	for user := uint32(1); user <= graphUsers; user++ {
		if !slices.Equal(a.Following(user), b.Following(user)) || !slices.Equal(a.Followers(user), b.Followers(user)) {
			return false
		}
	}
	return true
}

// TestNewGraph_seed: the seed alone decides.
func TestNewGraph_seed(t *testing.T) {
	t.Parallel()
	if !sameGraph(graphOf(1), graphOf(1)) {
		t.Error("two graphs of one seed differ")
	}
	if sameGraph(graphOf(1), graphOf(2)) {
		t.Error("graphs of two seeds are the same")
	}
}

// TestNewGraph_pairs: nobody follows themselves, or another twice; followers are the other
// side of following.
func TestNewGraph_pairs(t *testing.T) {
	t.Parallel()
	g := graphOf(1)
	back := make(map[uint32][]uint32)
	edges := 0
	for user := uint32(1); user <= graphUsers; user++ {
		following := slices.Sorted(slices.Values(g.Following(user)))
		if n := len(slices.Compact(slices.Clone(following))); n != len(following) || slices.Contains(following, user) {
			t.Fatalf("user %d follows %v", user, following)
		}
		if len(following) < 1 || len(following) > graphUsers/10 {
			t.Errorf("user %d follows %d, want 1 to %d", user, len(following), graphUsers/10)
		}
		for _, author := range following {
			back[author] = append(back[author], user)
		}
		edges += len(following)
	}
	for author := uint32(1); author <= graphUsers; author++ {
		if !slices.Equal(g.Followers(author), back[author]) {
			t.Fatalf("author %d has followers %v, want %v", author, g.Followers(author), back[author])
		}
	}
	if g.Edges() != edges {
		t.Errorf("%d edges, want %d", g.Edges(), edges)
	}
}

// TestNewGraph_degrees: both ways few have many. So many users follow exactly k as Zipf
// 1.75 says, and the followers of an author fall off by the same power.
func TestNewGraph_degrees(t *testing.T) {
	t.Parallel()
	g := graphOf(1)
	count := map[int]float64{}
	var followers []int
	for user := uint32(1); user <= graphUsers; user++ {
		count[len(g.Following(user))]++
		followers = append(followers, len(g.Followers(user)))
	}
	sum := 0.0
	for k := 1; k <= graphUsers/10; k++ {
		sum += math.Pow(float64(k), -1.75)
	}
	for k := 1; k <= 8; k++ {
		want := graphUsers * math.Pow(float64(k), -1.75) / sum
		if math.Abs(count[k]-want) > 5*math.Sqrt(want) {
			t.Errorf("%v users follow %d, want about %.0f", count[k], k, want)
		}
	}
	// Of a power law with density k^-1.75, twice the followers are 2^-0.75 as frequent.
	atLeast := func(k int) (n float64) {
		for _, f := range followers {
			if f >= k {
				n++
			}
		}
		return n
	}
	for _, k := range []int{8, 16, 32} {
		if ratio := atLeast(2*k) / atLeast(k); math.Abs(ratio-math.Pow(2, -0.75)) > 0.15 {
			t.Errorf("%.0f authors have %d followers, %.0f have %d: a share of %.2f, want about %.2f", atLeast(k), k, atLeast(2*k), 2*k, ratio, math.Pow(2, -0.75))
		}
	}
}

// TestGraph_changes: a copy stands alone, and following can be taken back.
func TestGraph_changes(t *testing.T) {
	t.Parallel()
	g := graphOf(1)
	other := g.Clone()
	stranger := other.Stranger(7, seeded())
	if stranger == 7 || slices.Contains(g.Following(7), stranger) {
		t.Fatalf("%d is no stranger to 7, who follows %v", stranger, g.Following(7))
	}
	other.Follow(7, stranger)
	if !slices.Contains(other.Following(7), stranger) || !slices.Contains(other.Followers(stranger), 7) {
		t.Error("a pair that was added is not there")
	}
	if !sameGraph(g, graphOf(1)) {
		t.Error("the graph has changed with its copy")
	}
	if other.Unfollow(7, stranger); !sameGraph(g, other) {
		t.Error("a pair that was removed is still there")
	}
}
