// Package graph draws who follows whom.
package graph

import (
	"math/rand/v2"
	"slices"
)

const (
	graphExponent = 1.75
	mostFollowed  = 2000 // authors by one user
)

// Graph says who follows whom. Users are numbered from 1. It is not for concurrent use.
type Graph struct {
	authors   Table      // by which followers choose
	following [][]uint32 // authors, by user - 1
	followers [][]uint32 // users, by author - 1
}

// New draws a graph. How many authors a user follows is drawn by Zipf 1.75, up to
// 2,000 and a tenth of the users. Whom: by the weights of the authors, which are drawn by
// Zipf 1.75 too, up to the number of users.
func New(users int, r *rand.Rand) *Graph {
	g := &Graph{popularity(users, r), make([][]uint32, users), make([][]uint32, users)}
	many := Zipf(max(1, min(mostFollowed, users/10)), graphExponent)
	for user := uint32(1); int(user) <= users; user++ {
		for range many.Draw(r) {
			g.Follow(user, g.Stranger(user, r))
		}
	}
	return g
}

// popularity draws the weights of the authors.
func popularity(users int, r *rand.Rand) Table {
	weights := Zipf(users, graphExponent)
	return NewTable(users, func(int) float64 { return float64(weights.Draw(r)) })
}

// Users returns how many users there are.
func (g *Graph) Users() int { return len(g.following) }

// Edges returns how many pairs there are.
func (g *Graph) Edges() int {
	n := 0
	for _, authors := range g.following {
		n += len(authors)
	}
	return n
}

// Following returns the authors that a user follows; not to be changed.
func (g *Graph) Following(user uint32) []uint32 { return g.following[user-1] }

// Followers returns the users that follow an author; not to be changed.
func (g *Graph) Followers(author uint32) []uint32 { return g.followers[author-1] }

// Stranger draws an author whom a user does not follow.
func (g *Graph) Stranger(user uint32, r *rand.Rand) uint32 {
	for {
		author := uint32(g.authors.Draw(r))
		if author != user && !slices.Contains(g.following[user-1], author) {
			return author
		}
	}
}

// Follow adds a pair that is not there.
func (g *Graph) Follow(user, author uint32) {
	g.following[user-1] = append(g.following[user-1], author)
	g.followers[author-1] = append(g.followers[author-1], user)
}

// Unfollow removes a pair.
func (g *Graph) Unfollow(user, author uint32) {
	g.following[user-1] = without(g.following[user-1], author)
	g.followers[author-1] = without(g.followers[author-1], user)
}

func without(list []uint32, one uint32) []uint32 {
	i := slices.Index(list, one)
	return slices.Delete(list, i, i+1)
}

// Clone returns a copy.
func (g *Graph) Clone() *Graph {
	copied := func(lists [][]uint32) [][]uint32 {
		out := make([][]uint32, len(lists))
		for i, list := range lists {
			out[i] = slices.Clone(list)
		}
		return out
	}
	return &Graph{g.authors, copied(g.following), copied(g.followers)}
}
