package riaktest

import (
	"hash/fnv"
)

// Key names what a client stores under: bucket type, bucket and key. An empty Type
// means "default".
type Key struct {
	Type, Bucket, Key string
}

func keyOf(bucketType, bucket, key []byte) Key {
	return Key{Type: string(bucketType), Bucket: string(bucket), Key: string(key)}.normal()
}

func (k Key) normal() Key {
	k.Type = orDefault(k.Type, defaultType)
	return k
}

// partition returns where the key's replicas begin on a ring of this size.
func (k Key) partition(size int) int {
	h := fnv.New64a()
	for _, part := range []string{k.Type, k.Bucket, k.Key} {
		_, _ = h.Write(append([]byte(part), 0)) // a hash never fails
	}
	return int((h.Sum64() >> 16) % uint64(size))
}

// replica is a vnode's part in one request.
type replica struct {
	*vnode
	primary bool
}

// preflist returns the replicas of a key as one node sees the ring: the vnodes on
// the owners of n consecutive partitions, and for each unreachable owner the same
// partition on a node further along the ring. Without fallbacks, unreachable owners
// are left out.
func (c *Cluster) preflist(from *Node, k Key, n int, fallbacks bool) []replica {
	size := len(c.ring)
	start := k.partition(size)
	var list []replica
	further := n // where to look for the next fallback
	for i := range min(n, size) {
		partition := (start + i) % size
		owner := c.ring[partition]
		if from.reaches(owner) {
			list = append(list, replica{vnode: c.vnode(partition, owner), primary: true})
			continue
		}
		for ; fallbacks && further < n+size; further++ {
			if stand := c.ring[(start+further)%size]; from.reaches(stand) {
				list = append(list, replica{vnode: c.vnode(partition, stand)})
				further++
				break
			}
		}
	}
	return list
}
