package script

import "math/rand/v2"

// Kind is what a user does.
type Kind uint8

// The kinds, in the order of their shares in a Mix.
const (
	ReadHome   Kind = iota // the home feed, 20 posts
	ReadAuthor             // the posts of an author, 20
	Publish                // a post
	Subscribe              // follow an author, or unfollow one
	Edit                   // the body of one of one's newest posts
	Delete                 // one of one's newest posts
	kinds
)

// Mix says how often users do what.
type Mix struct {
	Name   string
	Shares [kinds]int // in percent, by Kind
	ToEnd  int        // percent of the home reads that go on by cursor, as far as a feed is kept
	Past   int        // percent of the home reads that go on for one page more
}

// Mixes are all mixes. A is that of DeathStarBench's social network.
var Mixes = []Mix{
	{Name: "A", Shares: [kinds]int{ReadHome: 60, ReadAuthor: 30, Publish: 10}},
	{Name: "B", Shares: [kinds]int{ReadHome: 55, ReadAuthor: 25, Publish: 10, Subscribe: 5, Edit: 3, Delete: 2}, ToEnd: 10, Past: 1},
}

// draw returns what is done next.
func (m Mix) draw(r *rand.Rand) Kind {
	at := r.IntN(100)
	for kind, share := range m.Shares {
		if at -= share; at < 0 {
			return Kind(kind)
		}
	}
	return ReadHome
}

// Depth says how far a home feed is read.
type Depth uint8

// How far.
const (
	FirstPage Depth = iota
	ToEnd
	PastEnd
)

// depth returns how far the next home read goes.
func (m Mix) depth(r *rand.Rand) Depth {
	switch at := r.IntN(100); {
	case at < m.Past:
		return PastEnd
	case at < m.Past+m.ToEnd:
		return ToEnd
	default:
		return FirstPage
	}
}
