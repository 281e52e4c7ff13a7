package riaktest_test

import (
	"fmt"
	"strings"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/riaktest"
)

const quorumDefault = 4294967291 // the protocol's word for the property of the bucket

var conformance = []struct {
	name  string
	steps []step

	allLive bool // needs all replicas of its key to be up: it asks for them, or waits for a tombstone to go
}{
	{name: "transcript", allLive: true, steps: transcript},
	{name: "bounds", allLive: true, steps: []step{
		{say: "w too large", do: put("x", "", withW(9)), want: "error {n_val_violation,3}"},
		{say: "dw too large", do: put("x", "", withDW(4)), want: "error {n_val_violation,3}"},
		{say: "pw too large", do: put("x", "", withPW(4)), want: "error {n_val_violation,3}"},
		{say: "nothing was stored", do: get(), want: "notfound"},
		{say: "r too large", do: get(withR(9)), want: "error {n_val_violation,3}"},
		{say: "pr too large", do: get(withPR(4)), want: "error {n_val_violation,3}"},
		{say: "all", do: put("x", "", withW(riaktest.QuorumAll), withPW(riaktest.QuorumAll), withDW(riaktest.QuorumAll)), want: "done"},
		{say: "all", do: get(withR(riaktest.QuorumAll), withPR(riaktest.QuorumAll)), want: "x"},
		{say: "one", do: get(withR(riaktest.QuorumOne)), want: "x"},
		{say: "default", do: get(withR(quorumDefault), withPR(quorumDefault)), want: "x"},
		{say: "majority", do: get(withR(riaktest.QuorumMajority), notFoundFails, basicQuorum), want: "x"},
	}},
	{name: "conditions on a tombstone", steps: []step{
		{say: "put", do: put("v1", "", returnBody), want: "v1"},
		save("v1"),
		{say: "delete", do: del("v1"), want: "done"},
		{say: "tombstone", do: get(deletedVClock), want: "†"},
		save("tomb"),
		{say: "if_not_modified", do: put("v2", "tomb", ifNotModified), want: "error notfound"},
		{say: "if_none_match", do: put("v2", "", ifNoneMatch, returnBody), want: "† v2"},
	}},
	{name: "conditions that hold", steps: []step{
		{say: "if_none_match of nothing", do: put("v1", "", ifNoneMatch, returnBody), want: "v1"},
		save("v1"),
		{say: "if_not_modified", do: put("v2", "v1", ifNotModified, returnBody), want: "v2"},
		{say: "and again", do: put("v3", "v1", ifNotModified), want: "error modified"},
		{say: "get", do: get(), want: "v2"},
	}},
	{name: "a later clock replaces, an earlier does not", steps: []step{
		{say: "put", do: put("v1", "", returnBody), want: "v1"},
		save("1"),
		{say: "put", do: put("v2", "1", returnBody), want: "v2"},
		save("2"),
		{say: "put", do: put("v3", "2", returnHead), want: "_"},
		{say: "stale, seen 1", do: put("v4", "1", returnBody), want: "v3 v4"},
		save("34"),
		{say: "stale, seen 2", do: put("v5", "2", returnBody), want: "v3 v4 v5"},
		{say: "seen v3 and v4", do: put("v6", "34", returnBody), want: "v5 v6", wantNoDVV: "v3 v4 v5 v6"},
		{say: "blind delete", do: del(""), want: "done"},
		{say: "get", do: get(), want: "notfound"},
	}},
	{name: "two writers, each with the clock of its own last put", steps: []step{
		{say: "interleave", do: interleave(20), want: "2 siblings", wantNoDVV: "40 siblings"},
	}},
	{name: "siblings limit", steps: []step{
		{say: "blind puts", do: blindPuts(105), want: "error {too_many_siblings,101} at 101"},
		{say: "get", do: countSiblings, want: "100 siblings"},
		{say: "a full put gets through", do: mergeAll, want: "all"},
	}},
	{name: "size limit", steps: []step{
		{say: "large put", do: largePut, want: "error {too_large,N}"},
		{say: "nothing was stored", do: get(), want: "notfound"},
		{say: "not so large put", do: halfPut, want: "done"},
		{say: "the limit is for all siblings", do: halfPut, want: "error {too_large,N}"},
	}},
	{name: "bucket types", steps: []step{
		{say: "get", do: withType("nosuch", get()), want: "error no_type"},
		{say: "put", do: withType("nosuch", put("x", "")), want: "error no_type"},
		{say: "properties", do: typeProps(""), want: "n_val=3 allow_mult=true last_write_wins=false r=quorum pr=0 w=quorum pw=0 dw=quorum rw=quorum " +
			"basic_quorum=false notfound_ok=true hooks=true,true vclock=86400,20,50,50"},
		{say: "properties of no type", do: typeProps("nosuch"), want: `error Invalid bucket type: <<"nosuch">>`},
	}},
}

// transcript is a real node's, line by line; all on one key until the end.
var transcript = []step{
	{say: "nothing", do: get(), want: "notfound"},
	{say: "first put", do: put("v1", "", returnBody), want: "v1"},
	save("v1"),
	{say: "blind put", do: put("v2", "", returnHead), want: "_ _"},
	{say: "get after blind put", do: get(), want: "v1 v2"},
	{say: "put with stale clock", do: put("v3", "v1", returnBody), want: "v2 v3", wantNoDVV: "v1 v2 v3"},
	{say: "get", do: get(), want: "v2 v3", wantNoDVV: "v1 v2 v3"},
	save("all"),
	{say: "put with full clock", do: put("merged", "all", returnBody), want: "merged"},
	{say: "blind put of the same value", do: put("merged", "", returnBody), want: "merged merged"},
	{say: "get", do: get(), want: "merged merged"},
	save("twice"),
	{say: "put, nothing returned", do: put("m2", "twice"), want: "done"},
	{say: "get", do: get(), want: "m2"},
	save("m2"),
	{say: "if_modified, unchanged", do: getUnless("m2"), want: "unchanged"},
	{say: "if_modified, changed", do: getUnless("v1"), want: "m2"},
	{say: "head", do: get(headOnly), want: "_"},
	{say: "if_not_modified, stale", do: put("cond", "v1", ifNotModified), want: "error modified"},
	{say: "if_not_modified", do: put("cond", "m2", ifNotModified), want: "done"},
	{say: "if_none_match", do: put("cond2", "", ifNoneMatch), want: "error match_found"},
	{say: "w=9", do: put("w9", "", withW(9)), want: "error {n_val_violation,3}"},
	{say: "get", do: get(), want: "cond"},
	save("cond"),
	{say: "pw=3", do: put("pw3", "cond", withPW(3)), want: "done"},
	{say: "pr=3", do: get(withPR(3)), want: "pw3"},
	save("pw3"),
	{say: "r=9", do: get(withR(9)), want: "error {n_val_violation,3}"},
	{say: "delete", do: del("pw3"), want: "done"},
	{say: "get after delete", do: get(), want: "notfound"},
	{say: "get with deletedvclock", do: get(deletedVClock), want: "†"},
	save("tomb"),
	{say: "blind put over tombstone", do: put("x", "", returnBody), want: "† x"},
	{say: "put with tombstone's clock", do: put("y", "tomb", returnBody), want: "x y", wantNoDVV: "† x y"},
	{say: "delete with stale clock", do: del("v1"), want: "done"},
	{say: "get after stale delete", do: get(), want: "† x y", wantNoDVV: "† † x y"},
	{say: "delete without clock", do: del(""), want: "done"},
	{say: "the tombstone goes", do: gone, want: "gone"},
	{say: "a new life", do: put("z", "", returnBody), want: "z"},
	forget(),
	{say: "delete missing", do: del(""), want: "done"},
	{say: "if_not_modified of nothing", do: put("cond", "m2", ifNotModified), want: "error notfound"},
}

func withType(name string, do func(*session) outcome) func(*session) outcome {
	return func(s *session) outcome {
		s.key.Type = name
		return do(s)
	}
}

func interleave(rounds int) func(*session) outcome {
	return func(s *session) outcome {
		var a, b []byte
		for i := range rounds {
			a = s.put(s.key, fmt.Sprintf("a%d", i), a, returnHead).clock
			b = s.put(s.key, fmt.Sprintf("b%d", i), b, returnHead).clock
		}
		return countSiblings(s)
	}
}

func countSiblings(s *session) outcome {
	got := s.get(s.key)
	return outcome{words: fmt.Sprintf("%d siblings", len(strings.Fields(got.words))), clock: got.clock}
}

func blindPuts(n int) func(*session) outcome {
	return func(s *session) outcome {
		for i := range n {
			if got := s.put(s.key, fmt.Sprint(i), nil); got.words != "done" {
				return outcome{words: fmt.Sprintf("%s at %d", got.words, i+1)}
			}
		}
		return outcome{words: "done"}
	}
}

func mergeAll(s *session) outcome {
	return s.put(s.key, "all", s.last.clock, returnBody)
}

func largePut(s *session) outcome { return sizedPut(s, s.target.maxSize+1<<10) }

func halfPut(s *session) outcome { return sizedPut(s, s.target.maxSize/2+1) }

// sizedPut ignores the size that the server reports, which it counts in its own
// way.
func sizedPut(s *session, size int) outcome {
	got := s.put(s.key, strings.Repeat("x", size), nil)
	const refusal = "error {too_large,"
	if rest, ok := strings.CutPrefix(got.words, refusal); ok {
		var n int
		if _, err := fmt.Sscanf(rest, "%d}", &n); err != nil || n < size {
			s.t.Errorf("put of %d bytes: %s", size, got.words)
		}
		return outcome{words: refusal + "N}"}
	}
	return got
}

// gone waits until a tombstone was reaped.
func gone(s *session) outcome {
	if s.target.reap != nil {
		s.target.reap()
	}
	eventually(s.t, "reaping", func() bool {
		got := s.get(s.key, deletedVClock)
		return got.words == "notfound" && len(got.clock) == 0
	})
	return outcome{words: "gone"}
}

func typeProps(name string) func(*session) outcome {
	return func(s *session) outcome {
		if name == "" {
			name = s.target.bucketType
		}
		cmd, err := riak.NewFetchBucketTypePropsCommandBuilder().WithBucketType(name).Build()
		if err != nil {
			s.t.Fatal(err)
		}
		if err := s.cluster.Execute(cmd); err != nil {
			return failure(err)
		}
		return outcome{words: propWords(cmd.(*riak.FetchBucketTypePropsCommand).Response)}
	}
}

func propWords(p *riak.FetchBucketPropsResponse) string {
	q := func(n uint32) string {
		if n == riaktest.QuorumMajority {
			return "quorum"
		}
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("n_val=%d allow_mult=%v last_write_wins=%v r=%s pr=%s w=%s pw=%s dw=%s rw=%s basic_quorum=%v notfound_ok=%v hooks=%v,%v vclock=%d,%d,%d,%d",
		p.NVal, p.AllowMult, p.LastWriteWins, q(p.R), q(p.Pr), q(p.W), q(p.Pw), q(p.Dw), q(p.Rw), p.BasicQuorum, p.NotFoundOk,
		p.HasPrecommit, p.HasPostcommit, p.OldVClock, p.YoungVClock, p.BigVClock, p.SmallVClock)
}
