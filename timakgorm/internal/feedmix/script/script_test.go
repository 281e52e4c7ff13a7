package script_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/graph"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/script"
)

func seeded() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// small is what the scripts are for.
var small = script.Config{
	Scale: 0.001, Seed: 1, Mixes: []string{"A", "B"}, Rates: []float64{150}, Time: time.Second, Turns: 2,
	Capacity: 60, Posts: 10, Payload: 256, Checked: 100,
}

// scripted is a script of small, with the graph and posts that it begins with.
func scripted() (*script.Script, *graph.Graph, []feed.Post) {
	follows := graph.New(small.Users(), seeded())
	posts := feed.FirstPosts(small.Users(), small.Posts, small.Payload, seeded())
	return script.New(small, follows, posts), follows, posts
}

// TestMixes: shares are all of a hundred.
func TestMixes(t *testing.T) {
	t.Parallel()
	for _, mix := range script.Mixes {
		sum := 0
		for _, share := range mix.Shares {
			sum += share
		}
		if sum != 100 || mix.ToEnd+mix.Past > 100 {
			t.Errorf("mix %s: shares of %d, %d of the home reads go on", mix.Name, sum, mix.ToEnd+mix.Past)
		}
	}
}

// TestScript_shares: each mix draws as often as it says, and the most active user as
// Zipf 0.75 says.
func TestScript_shares(t *testing.T) {
	t.Parallel()
	const n = 20_000
	for _, mix := range script.Mixes {
		drawn, _, _ := scripted()
		count, first, depths := map[script.Kind]float64{}, 0.0, map[script.Depth]float64{}
		for _, op := range drawn.Scene(mix, n, time.Millisecond) {
			count[op.Kind]++
			if op.Kind == script.ReadHome {
				depths[op.Depth]++
			}
			if op.Kind == script.Publish && op.User == 1 {
				first++
			}
		}
		about := func(name string, got, want float64) {
			if math.Abs(got-want) > 5*math.Sqrt(want) {
				t.Errorf("mix %s: %s %v times, want about %.0f", mix.Name, name, got, want)
			}
		}
		for kind, share := range mix.Shares {
			about(fmt.Sprint("kind ", kind), count[script.Kind(kind)], float64(n*share)/100)
		}
		home := count[script.ReadHome]
		about("to the end", depths[1], home*float64(mix.ToEnd)/100)
		about("past the end", depths[2], home*float64(mix.Past)/100)
		sum := 0.0
		for k := 1; k <= small.Users(); k++ {
			sum += math.Pow(float64(k), -0.75)
		}
		about("a post by user 1", first, count[script.Publish]/sum)
	}
}

// TestScript_seed: two scripts of one seed are the same.
func TestScript_seed(t *testing.T) {
	t.Parallel()
	a, _, _ := scripted()
	b, _, _ := scripted()
	for range 3 {
		if diff := cmp.Diff(a.Scene(script.Mixes[1], 500, time.Millisecond), b.Scene(script.Mixes[1], 500, time.Millisecond)); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestScript_sense: what users do makes sense. They edit and delete posts of their own that
// were there before the scene, follow strangers, and unfollow whom they follow. A post is
// watched by somebody who follows its author from before the scene to its end.
func TestScript_sense(t *testing.T) {
	t.Parallel()
	drawn, follows, posts := scripted()
	l := &life{T: t, graph: follows, live: map[uint64]uint32{}, last: posts[len(posts)-1]}
	l.keep(posts)
	for range 5 {
		l.fresh, l.watched, l.changed = nil, nil, nil
		for _, op := range drawn.Scene(script.Mixes[1], 2000, time.Millisecond) {
			l.follow(op)
		}
		if len(l.watched) == 0 {
			t.Error("no post is watched")
		}
		l.keep(l.fresh)
	}
}

// life is what is there while a script is played.
type life struct {
	*testing.T

	graph   *graph.Graph
	live    map[uint64]uint32 // authors, by the ids of posts
	last    feed.Post
	fresh   []feed.Post
	watched [][2]uint32
	changed [][2]uint32
}

func (l *life) keep(posts []feed.Post) {
	for _, post := range posts {
		l.live[post.ID] = post.Author
	}
}

// follow checks an operation, and does it.
func (l *life) follow(op script.Op) {
	switch op.Kind {
	case script.Publish:
		l.publish(op)
	case script.Subscribe:
		l.subscribe(op)
	case script.Edit, script.Delete:
		if l.live[op.Post.ID] != op.User {
			l.Errorf("%+v, but the post is by %d", op, l.live[op.Post.ID])
		}
		if op.Kind == script.Delete {
			delete(l.live, op.Post.ID)
		}
	default: // reads
	}
}

func (l *life) publish(op script.Op) {
	if !op.Post.At.After(l.last.At) || op.Post.ID != l.last.ID+1 || op.Post.Author != op.User || len(op.Post.Body) != small.Payload {
		l.Errorf("post %+v by %d after %+v", op.Post, op.User, l.last)
	}
	l.last = op.Post
	l.fresh = append(l.fresh, op.Post)
	if op.Watcher > 0 {
		pair := [2]uint32{op.Watcher, op.User}
		l.watched = append(l.watched, pair)
		if !slices.Contains(l.graph.Following(op.Watcher), op.User) || slices.Contains(l.changed, pair) {
			l.Errorf("%d watches %d, and has not followed since before the scene", op.Watcher, op.User)
		}
	}
}

func (l *life) subscribe(op script.Op) {
	if slices.Contains(l.graph.Following(op.User), op.Author) != op.Unfollow || op.User == op.Author {
		l.Errorf("%+v, who follows %v", op, l.graph.Following(op.User))
	}
	pair := [2]uint32{op.User, op.Author}
	l.changed = append(l.changed, pair)
	if op.Unfollow && slices.Contains(l.watched, pair) {
		l.Errorf("%+v, who watches a post of the author", op)
	}
	if op.Unfollow {
		l.graph.Unfollow(op.User, op.Author)
	} else {
		l.graph.Follow(op.User, op.Author)
	}
}
