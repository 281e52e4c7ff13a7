package feedmix_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timakgorm/internal/feedmix"
)

// scripted is a script of small, with the graph and posts that it begins with.
func scripted() (*feedmix.Script, *feedmix.Graph, []feedmix.Post) {
	graph := feedmix.NewGraph(small.Users(), seeded())
	posts := feedmix.FirstPosts(small.Users(), small.Posts, small.Payload, seeded())
	return feedmix.NewScript(small, graph, posts), graph, posts
}

// TestMixes: shares are all of a hundred.
func TestMixes(t *testing.T) {
	t.Parallel()
	for _, mix := range feedmix.Mixes {
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
	for _, mix := range feedmix.Mixes {
		script, _, _ := scripted()
		count, first, depths := map[feedmix.Kind]float64{}, 0.0, map[feedmix.Depth]float64{}
		for _, op := range script.Scene(mix, n, time.Millisecond) {
			count[op.Kind]++
			if op.Kind == feedmix.ReadHome {
				depths[op.Depth]++
			}
			if op.Kind == feedmix.Publish && op.User == 1 {
				first++
			}
		}
		about := func(name string, got, want float64) {
			if math.Abs(got-want) > 5*math.Sqrt(want) {
				t.Errorf("mix %s: %s %v times, want about %.0f", mix.Name, name, got, want)
			}
		}
		for kind, share := range mix.Shares {
			about(fmt.Sprint("kind ", kind), count[feedmix.Kind(kind)], float64(n*share)/100)
		}
		home := count[feedmix.ReadHome]
		about("to the end", depths[1], home*float64(mix.ToEnd)/100)
		about("past the end", depths[2], home*float64(mix.Past)/100)
		sum := 0.0
		for k := 1; k <= small.Users(); k++ {
			sum += math.Pow(float64(k), -0.75)
		}
		about("a post by user 1", first, count[feedmix.Publish]/sum)
	}
}

// TestScript_seed: two scripts of one seed are the same.
func TestScript_seed(t *testing.T) {
	t.Parallel()
	a, _, _ := scripted()
	b, _, _ := scripted()
	for range 3 {
		if diff := cmp.Diff(a.Scene(feedmix.Mixes[1], 500, time.Millisecond), b.Scene(feedmix.Mixes[1], 500, time.Millisecond)); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestScript_sense: what users do makes sense. They edit and delete posts of their own that
// were there before the scene, follow strangers, and unfollow whom they follow. A post is
// watched by somebody who follows its author from before the scene to its end.
func TestScript_sense(t *testing.T) {
	t.Parallel()
	script, graph, posts := scripted()
	l := &life{T: t, graph: graph, live: map[uint64]uint32{}, last: posts[len(posts)-1]}
	l.keep(posts)
	for range 5 {
		l.fresh, l.watched, l.changed = nil, nil, nil
		for _, op := range script.Scene(feedmix.Mixes[1], 2000, time.Millisecond) {
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

	graph   *feedmix.Graph
	live    map[uint64]uint32 // authors, by the ids of posts
	last    feedmix.Post
	fresh   []feedmix.Post
	watched [][2]uint32
	changed [][2]uint32
}

func (l *life) keep(posts []feedmix.Post) {
	for _, post := range posts {
		l.live[post.ID] = post.Author
	}
}

// follow checks an operation, and does it.
func (l *life) follow(op feedmix.Op) {
	switch op.Kind {
	case feedmix.Publish:
		l.publish(op)
	case feedmix.Subscribe:
		l.subscribe(op)
	case feedmix.Edit, feedmix.Delete:
		if l.live[op.Post.ID] != op.User {
			l.Errorf("%+v, but the post is by %d", op, l.live[op.Post.ID])
		}
		if op.Kind == feedmix.Delete {
			delete(l.live, op.Post.ID)
		}
	default: // reads
	}
}

func (l *life) publish(op feedmix.Op) {
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

func (l *life) subscribe(op feedmix.Op) {
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

// TestFirstPosts: so many by each, each after the one before, within the month.
func TestFirstPosts(t *testing.T) {
	t.Parallel()
	posts := feedmix.FirstPosts(50, 10, 256, seeded())
	count := map[uint32]int{}
	for i, post := range posts {
		count[post.Author]++
		if post.ID != uint64(i+1) || len(post.Body) != 256 || i > 0 && !post.At.After(posts[i-1].At) {
			t.Errorf("post %d is %+v", i, post)
		}
	}
	for user := uint32(1); user <= 50; user++ {
		if count[user] != 10 {
			t.Errorf("user %d has %d posts", user, count[user])
		}
	}
	if month := posts[len(posts)-1].At.Sub(posts[0].At); month > 30*24*time.Hour || month < 29*24*time.Hour {
		t.Errorf("they span %v", month)
	}
}
