// Package script draws what users do, from a seed.
package script

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/graph"
)

// Op is one thing that a user does.
type Op struct {
	Kind

	User     uint32    // who does it
	Author   uint32    // whose page it is, or who is followed; of a post, the user
	Depth    Depth     // of ReadHome
	Post     feed.Post // of Publish, Edit and Delete
	Unfollow bool      // of Subscribe
	Watcher  uint32    // of Publish: the follower whose feed is watched for it; 0 for none
}

const activityExponent = 0.75

// newest is among how many of their newest posts users edit and delete.
const newest = 10

// Script draws what users do, always the same from the same seed. It keeps the graph and
// the posts as they will be. It is not for concurrent use.
type Script struct {
	cfg    Config
	rand   *rand.Rand
	active graph.Table // users
	graph  *graph.Graph
	deep   []uint32   // users whose feeds are longer than the capacity
	posts  [][]uint64 // the ids that may be edited and deleted, by author - 1; the newest last
	ids    uint64
	clock  time.Duration // since start; no two posts have one date

	// Of this scene.
	fresh   []feed.Post            // posts, which may not be edited or deleted yet
	changed map[[2]uint32]struct{} // pairs that were followed or unfollowed
	watched map[[2]uint32]struct{} // pairs that are watched, and stay

	subscribed map[uint32]struct{} // users who have followed or unfollowed, ever
}

// New returns a script for a graph, which it copies, and the first posts.
func New(cfg Config, follows *graph.Graph, posts []feed.Post) *Script {
	s := &Script{
		cfg: cfg, rand: cfg.Rand(streamScript), active: graph.Zipf(follows.Users(), activityExponent),
		graph: follows.Clone(), posts: make([][]uint64, follows.Users()), ids: uint64(len(posts)), subscribed: map[uint32]struct{}{},
	}
	for _, post := range posts {
		s.keep(post)
	}
	s.deep = Deep(cfg, follows)
	return s
}

// Deep returns the users whose feeds have more posts than they keep, to begin with.
func Deep(cfg Config, follows *graph.Graph) (users []uint32) {
	for user := uint32(1); int(user) <= follows.Users(); user++ {
		if len(follows.Following(user))*cfg.Posts > cfg.Capacity {
			users = append(users, user)
		}
	}
	return users
}

func (s *Script) keep(post feed.Post) {
	s.posts[post.Author-1] = append(s.posts[post.Author-1], post.ID)
}

// Scene returns the next n operations of a mix, due one after the other.
func (s *Script) Scene(mix Mix, n int, every time.Duration) []Op {
	s.changed, s.watched = map[[2]uint32]struct{}{}, map[[2]uint32]struct{}{}
	ops := make([]Op, n)
	for i := range ops {
		s.clock += every
		ops[i] = s.next(mix)
	}
	for _, post := range s.fresh {
		s.keep(post)
	}
	s.fresh = nil
	return ops
}

func (s *Script) next(mix Mix) Op {
	kind, user := mix.draw(s.rand), s.user()
	switch kind {
	case ReadHome:
		return s.home(mix, user)
	case ReadAuthor:
		return Op{Kind: kind, User: user, Author: s.user()}
	case Subscribe:
		return s.subscribe(user)
	case Edit, Delete:
		return s.change(kind)
	default:
		return s.publish(user)
	}
}

func (s *Script) user() uint32 { return uint32(s.active.Draw(s.rand)) }

func (s *Script) home(mix Mix, user uint32) Op {
	depth := mix.depth(s.rand)
	if depth == PastEnd && len(s.deep) == 0 {
		depth = ToEnd
	}
	if depth == PastEnd {
		user = s.deep[s.rand.IntN(len(s.deep))]
	}
	return Op{Kind: ReadHome, User: user, Depth: depth}
}

func (s *Script) publish(user uint32) Op {
	s.ids++
	post := feed.Post{ID: s.ids, Author: user, At: feed.Start.Add(s.clock).Truncate(time.Microsecond), Body: feed.NewBody(s.cfg.Payload, s.rand)}
	s.fresh = append(s.fresh, post)
	return Op{Kind: Publish, User: user, Author: user, Post: post, Watcher: s.watcher(user)}
}

// watcher draws a follower who has followed since before this scene, and does so to its
// end.
func (s *Script) watcher(author uint32) uint32 {
	followers := s.graph.Followers(author)
	if len(followers) == 0 {
		return 0
	}
	pair := [2]uint32{followers[s.rand.IntN(len(followers))], author}
	if _, is := s.changed[pair]; is {
		return 0
	}
	s.watched[pair] = struct{}{}
	return pair[0]
}

// subscribe has a user unfollow an author one time in two, and else follow one.
func (s *Script) subscribe(user uint32) Op {
	op := Op{Kind: Subscribe, User: user}
	following := s.graph.Following(user)
	if len(following) > 0 && s.rand.IntN(2) == 0 {
		op.Author = following[s.rand.IntN(len(following))]
		_, watched := s.watched[[2]uint32{user, op.Author}]
		op.Unfollow = !watched
	}
	switch {
	case op.Unfollow:
		s.graph.Unfollow(user, op.Author)
	default:
		op.Author = s.graph.Stranger(user, s.rand)
		s.graph.Follow(user, op.Author)
	}
	s.changed[[2]uint32{user, op.Author}] = struct{}{}
	s.subscribed[user] = struct{}{}
	return op
}

// change draws a post to edit or to delete, by a user who has one.
func (s *Script) change(kind Kind) Op {
	user := s.user()
	for len(s.posts[user-1]) == 0 {
		user = s.user()
	}
	ids := s.posts[user-1]
	i := len(ids) - 1 - s.rand.IntN(min(newest, len(ids)))
	op := Op{Kind: kind, User: user, Author: user, Post: feed.Post{ID: ids[i], Author: user}}
	if kind == Edit {
		op.Post.Body = feed.NewBody(s.cfg.Payload, s.rand)
	} else {
		s.posts[user-1] = slices.Delete(ids, i, i+1)
	}
	return op
}
