package riaktest

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/basho/riak-go-client/rpb/riak_kv"
	"google.golang.org/protobuf/proto"
)

// object is what a replica holds under a key. It is immutable once stored.
type object struct {
	clock    clock
	contents []content // at least one; see sorted
}

// content is one sibling.
type content struct {
	dot     dot
	message *riak_kv.RpbContent // as put, and stamped; immutable
}

// write is a put on its way to its coordinating replica.
type write struct {
	seen    clock
	content *riak_kv.RpbContent
	now     time.Time
}

// deleted reports whether the content is a tombstone.
func (c content) deleted() bool {
	return c.message.GetDeleted()
}

// deleted reports whether there are only tombstones.
func (o *object) deleted() bool {
	return !slices.ContainsFunc(o.contents, func(c content) bool { return !c.deleted() })
}

// update returns what the replica holds after it has coordinated the write.
func (o *object) update(w write, actor uint64, p props) *object {
	if o == nil || p.lastWriteWins || w.seen.descends(o.clock) {
		now, d := w.seen.next(actor)
		return &object{clock: now, contents: []content{w.stamp(d)}}
	}
	now, d := w.seen.merge(o.clock).next(actor)
	contents := []content{w.stamp(d)}
	for _, old := range o.contents {
		if !p.dvv || !w.seen.saw(old.dot) {
			contents = append(contents, old)
		}
	}
	if !p.allowMult { // at the same instant, the new one wins
		contents = []content{slices.MinFunc(contents, laterFirst)}
	}
	return &object{clock: now, contents: sorted(contents)}
}

// merge returns the merge of two versions: the later one, or the siblings of both
// that the other does not supersede. If they are equal it returns o.
func (o *object) merge(other *object, p props) *object {
	switch {
	case o == nil || other != nil && !o.clock.descends(other.clock) && other.clock.descends(o.clock):
		return other
	case other == nil || o.clock.descends(other.clock):
		return o
	}
	var contents []content
	for _, c := range o.contents {
		if !p.dvv || !other.clock.saw(c.dot) || other.has(c.dot) {
			contents = append(contents, c)
		}
	}
	for _, c := range other.contents {
		if !o.has(c.dot) && (!p.dvv || !o.clock.saw(c.dot)) {
			contents = append(contents, c)
		}
	}
	if !p.allowMult {
		contents = []content{slices.MinFunc(sorted(contents), newerFirst)}
	}
	return &object{clock: o.clock.merge(other.clock), contents: sorted(contents)}
}

func (o *object) has(d dot) bool {
	return slices.ContainsFunc(o.contents, func(c content) bool { return c.dot == d })
}

// newerFirst orders contents by time; at the same instant, tombstones come last.
func newerFirst(a, b content) int {
	return cmp.Or(laterFirst(a, b), compareBool(a.deleted(), b.deleted()), byValue(a, b))
}

func laterFirst(a, b content) int {
	return cmp.Or(
		cmp.Compare(b.message.GetLastMod(), a.message.GetLastMod()),
		cmp.Compare(b.message.GetLastModUsecs(), a.message.GetLastModUsecs()),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// sorted sorts contents into the order in which the server shows them.
func sorted(contents []content) []content {
	slices.SortFunc(contents, byValue)
	return contents
}

func byValue(a, b content) int {
	return cmp.Or(bytes.Compare(a.message.Value, b.message.Value), bytes.Compare(a.message.Vtag, b.message.Vtag))
}

// size is roughly how many bytes a disk would need for the object.
func (o *object) size(k Key) int {
	const perContent, perClockEntry = 60, 20
	size := len(k.Bucket) + len(k.Key) + perClockEntry*len(o.clock)
	for _, c := range o.contents {
		size += perContent + proto.Size(v2(c.message))
	}
	return size
}

// stamp returns the content as it is stored. The client's own tag and time are
// ignored.
func (w write) stamp(d dot) content {
	from := w.content
	return content{dot: d, message: &riak_kv.RpbContent{
		Value:           orEmpty(from.Value),
		ContentType:     from.ContentType,
		Charset:         from.Charset,
		ContentEncoding: from.ContentEncoding,
		Links:           from.Links,
		Usermeta:        from.Usermeta,
		Indexes:         from.Indexes,
		Deleted:         from.Deleted,
		Vtag:            []byte(randomTag()),
		LastMod:         new(uint32(w.now.Unix())),
		LastModUsecs:    new(uint32(w.now.Nanosecond() / 1000)),
	}}
}

// show returns the contents as they are sent, without their values if head is true.
func (o *object) show(head bool) []*riak_kv.RpbContent {
	out := make([]*riak_kv.RpbContent, len(o.contents))
	for i, c := range o.contents {
		out[i] = c.message
		if head || c.deleted() {
			bare := *c.message
			bare.Value = []byte{}
			out[i] = &bare
		}
	}
	return out
}

func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// randomTag returns 22 random letters and digits.
func randomTag() string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var tag [22]byte
	for i := range tag {
		tag[i] = alphabet[rand.IntN(len(alphabet))]
	}
	return string(tag[:])
}
