package script

import (
	"math/rand/v2"
	"slices"
)

// Sample draws users to check: up to a third of them have followed or unfollowed, up to a
// third have feeds that are longer than the capacity.
func (s *Script) Sample(n int, r *rand.Rand) []uint32 {
	var changed, all []uint32
	for user := uint32(1); int(user) <= s.graph.Users(); user++ {
		if _, is := s.subscribed[user]; is {
			changed = append(changed, user)
		}
		all = append(all, user)
	}
	picked := map[uint32]bool{}
	var out []uint32
	pick := func(from []uint32, up int) {
		for _, i := range r.Perm(len(from)) {
			if len(out) < up && !picked[from[i]] {
				picked[from[i]] = true
				out = append(out, from[i])
			}
		}
	}
	pick(changed, n/3)
	pick(s.deep, len(out)+n/3)
	pick(all, n)
	slices.Sort(out)
	return out
}
