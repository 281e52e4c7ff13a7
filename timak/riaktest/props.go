package riaktest

import (
	"math"
	"strings"

	"github.com/basho/riak-go-client/rpb/riak"
)

// Quorums that the protocol has names for. Any other number means that many
// replicas.
const (
	QuorumOne      uint32 = 4294967294
	QuorumMajority uint32 = 4294967293 // Riak's "quorum"
	QuorumAll      uint32 = 4294967292

	quorumDefault uint32 = 4294967291
)

// Props are the properties of a bucket type. The zero Props are those of a type
// that is created without further settings: three replicas, siblings, dotted
// version vectors, majorities, and a replica without the key counts as an answer.
type Props struct {
	NVal          int    // n_val; defaults to 3
	NoSiblings    bool   // allow_mult=false: the newest content wins
	NoDVV         bool   // dvv_enabled=false: a stale put keeps all siblings
	LastWriteWins bool   // last_write_wins=true: a put ignores what is there; implies NoDVV
	NotFoundFails bool   // notfound_ok=false: a replica without the key is no answer
	BasicQuorum   bool   // basic_quorum=true: a majority of replicas without the key is enough
	DataType      string // datatype, for display; the server has no data types

	R, W, DW, RW uint32 // default to QuorumMajority
	PR, PW       uint32 // default to none
}

// defaultTypes are the bucket types that every cluster has.
func defaultTypes() map[string]Props {
	return map[string]Props{
		"timelines": {},
		defaultType: {NoSiblings: true, NoDVV: true},
	}
}

const defaultType = "default"

// props are the properties of a type or a bucket, with all defaults filled in.
type props struct {
	nVal                                                   int
	allowMult, dvv, lastWriteWins, notFoundOK, basicQuorum bool
	dataType                                               string
	r, w, dw, rw, pr, pw                                   uint32
}

func (p Props) resolve() props {
	return props{
		nVal:          orDefault(p.NVal, defaultNVal),
		allowMult:     !p.NoSiblings,
		dvv:           !p.NoDVV && !p.LastWriteWins,
		lastWriteWins: p.LastWriteWins,
		notFoundOK:    !p.NotFoundFails,
		basicQuorum:   p.BasicQuorum,
		dataType:      p.DataType,
		r:             orDefault(p.R, QuorumMajority),
		w:             orDefault(p.W, QuorumMajority),
		dw:            orDefault(p.DW, QuorumMajority),
		rw:            orDefault(p.RW, QuorumMajority),
		pr:            p.PR,
		pw:            p.PW,
	}
}

// message returns the properties as the server reports them. The protocol has no
// field for dotted version vectors.
func (p props) message() *riak.RpbBucketProps {
	const oldVClock, youngVClock, bigVClock, smallVClock = 86400, 20, 50, 50
	m := &riak.RpbBucketProps{
		NVal:          new(uint32(p.nVal)),
		AllowMult:     &p.allowMult,
		LastWriteWins: &p.lastWriteWins,
		HasPrecommit:  new(true),
		HasPostcommit: new(true),
		ChashKeyfun:   &riak.RpbModFun{Module: []byte("riak_core_util"), Function: []byte("chash_std_keyfun")},
		Linkfun:       &riak.RpbModFun{Module: []byte("riak_kv_wm_link_walker"), Function: []byte("mapreduce_linkfun")},
		OldVclock:     new(uint32(oldVClock)),
		YoungVclock:   new(uint32(youngVClock)),
		BigVclock:     new(uint32(bigVClock)),
		SmallVclock:   new(uint32(smallVClock)),
		R:             &p.r, W: &p.w, Dw: &p.dw, Rw: &p.rw, Pr: &p.pr, Pw: &p.pw,
		BasicQuorum: &p.basicQuorum,
		NotfoundOk:  &p.notFoundOK,
	}
	if p.dataType != "" {
		m.Datatype = []byte(p.dataType)
	}
	return m
}

// with returns the properties changed by m, or an error that says what is wrong
// with them.
func (p props) with(m *riak.RpbBucketProps, partitions int) (props, error) {
	if m.NVal != nil {
		p.nVal = int(m.GetNVal())
	}
	set(&p.allowMult, m.AllowMult)
	set(&p.lastWriteWins, m.LastWriteWins)
	set(&p.basicQuorum, m.BasicQuorum)
	set(&p.notFoundOK, m.NotfoundOk)
	for _, q := range []struct{ to, from *uint32 }{
		{&p.r, m.R}, {&p.w, m.W}, {&p.dw, m.Dw}, {&p.rw, m.Rw}, {&p.pr, m.Pr}, {&p.pw, m.Pw},
	} {
		set(q.to, q.from)
	}
	var wrong []string
	if p.nVal < 1 || p.nVal > partitions {
		wrong = append(wrong, `{n_val,<<"Value must be a positive integer">>}`)
	}
	if p.dvv && p.lastWriteWins {
		wrong = append(wrong, `{last_write_wins,<<"If dvv_enabled is true, last_write_wins must be false">>}`)
	}
	if wrong != nil {
		return p, refusal("Invalid bucket properties: [" + strings.Join(wrong, ",") + "]")
	}
	return p, nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// replicas returns how many of n replicas a quorum means.
func replicas(quorum uint32, n int) int {
	switch quorum {
	case QuorumOne:
		return 1
	case QuorumMajority:
		return n/2 + 1
	case QuorumAll:
		return n
	default:
		return int(min(quorum, math.MaxInt32))
	}
}

// choose returns how many replicas a request needs, which may name a quorum of its
// own.
func choose(asked *uint32, property uint32, n int) int {
	if asked == nil || *asked == quorumDefault {
		return replicas(property, n)
	}
	return replicas(*asked, n)
}
