package riaktest_test

import (
	"fmt"
	"testing"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/riaktest"
)

func TestBucketTypes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		bucketType string
		stale      string // after two puts, and a third that saw the first
		blind      string // and one that saw nothing
	}{
		{"timelines", "b c", "b c d"},
		{"no-dvv", "a b c", "a b c d"},
		{"single", "c", "d"},
		{"last", "c", "d"},
		{"default", "c", "d"},
	}
	c := riaktest.Start(t, &riaktest.Options{Types: map[string]riaktest.Props{
		"no-dvv": {NoDVV: true},
		"single": {NoSiblings: true},
		"last":   {LastWriteWins: true},
	}})
	client := connect(t, c.Addresses()[0])
	for _, test := range tests {
		k := newKey(test.bucketType)
		a := expect(t, "put", client.put(k, "a", nil, returnBody), "a")
		client.put(k, "b", nil)
		expect(t, test.bucketType+", stale put", client.put(k, "c", a.clock, returnBody), test.stale)
		expect(t, test.bucketType+", blind put", client.put(k, "d", nil, returnBody), test.blind)
		expect(t, test.bucketType+", get", client.get(k), test.blind)
		expectHolds(t, test.bucketType, c, k, test.blind, test.blind, test.blind)
	}
}

func TestTypePropertiesAreShown(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{Types: map[string]riaktest.Props{
		"odd": {NVal: 2, NoSiblings: true, LastWriteWins: true, NotFoundFails: true, BasicQuorum: true, R: 1, W: 2, DW: 1, RW: 2, PR: 1, PW: riaktest.QuorumMajority},
		"set": {DataType: "set"},
	}})
	client := connect(t, c.Addresses()[2])
	odd := "n_val=2 allow_mult=false last_write_wins=true r=1 pr=1 w=2 pw=quorum dw=1 rw=2 basic_quorum=true notfound_ok=false hooks=true,true vclock=86400,20,50,50"
	if got := propWords(propsOf(t, client, "odd")); got != odd {
		t.Errorf("got  %s\nwant %s", got, odd)
	}
	if got := propsOf(t, client, "set").DataType; got != "set" {
		t.Errorf("data type %q", got)
	}
	plain := "n_val=3 allow_mult=false last_write_wins=false r=quorum pr=0 w=quorum pw=0 dw=quorum rw=quorum basic_quorum=false notfound_ok=true hooks=true,true vclock=86400,20,50,50"
	if got := propWords(propsOf(t, client, "default")); got != plain {
		t.Errorf("got  %s\nwant %s", got, plain)
	}
}

func propsOf(t *testing.T, client *client, bucketType string) *riak.FetchBucketPropsResponse {
	t.Helper()
	cmd, err := riak.NewFetchBucketTypePropsCommandBuilder().WithBucketType(bucketType).Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.cluster.Execute(cmd); err != nil {
		t.Fatal(err)
	}
	return cmd.(*riak.FetchBucketTypePropsCommand).Response
}

func TestPropertiesOfABucket(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	client := connect(t, c.Addresses()...)
	k := newKey("default")
	blind := func(value string) string { return client.put(k, value, nil, returnBody).words }
	show := func() string {
		cmd, err := riak.NewFetchBucketPropsCommandBuilder().WithBucketType(k.Type).WithBucket(k.Bucket).Build()
		if err != nil {
			t.Fatal(err)
		}
		if err := client.cluster.Execute(cmd); err != nil {
			return failure(err).words
		}
		p := cmd.(*riak.FetchBucketPropsCommand).Response
		return fmt.Sprintf("allow_mult=%v n_val=%d r=%d", p.AllowMult, p.NVal, p.R)
	}
	run := func(cmd riak.Command, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		if err := client.cluster.Execute(cmd); err != nil {
			return failure(err).words
		}
		return "done"
	}
	set := func() *riak.StoreBucketPropsCommandBuilder {
		return riak.NewStoreBucketPropsCommandBuilder().WithBucketType(k.Type).WithBucket(k.Bucket)
	}
	is := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}

	is("as the type", show(), "allow_mult=false n_val=3 r=4294967293")
	is("put", blind("a"), "a")
	is("set", run(set().WithAllowMult(true).WithR(1).Build()), "done")
	is("as set", show(), "allow_mult=true n_val=3 r=1")
	is("put", blind("b"), "a b")
	is("set n_val", run(set().WithNVal(2).Build()), "done")
	is("as set", show(), "allow_mult=true n_val=2 r=1")
	is("set n_val too high", run(set().WithNVal(99).Build()), `error Invalid bucket properties: [{n_val,<<"Value must be a positive integer">>}]`)
	is("reset", run(riak.NewResetBucketCommandBuilder().WithBucketType(k.Type).WithBucket(k.Bucket).Build()), "done")
	is("as the type again", show(), "allow_mult=false n_val=3 r=4294967293")
	is("put", blind("c"), "c")
}

// TestABucketDropsSiblings: a bucket's properties override those of its type, which
// keeps showing its own.
func TestABucketDropsSiblings(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	client := connect(t, c.Addresses()...)
	k, other := newKey("timelines"), newKey("timelines")
	other.Bucket = "other"
	cmd, err := riak.NewStoreBucketPropsCommandBuilder().WithBucketType(k.Type).WithBucket(k.Bucket).WithAllowMult(false).Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.cluster.Execute(cmd); err != nil {
		t.Fatal(err)
	}
	if !propsOf(t, client, k.Type).AllowMult {
		t.Error("the type's properties have changed")
	}
	for _, test := range []struct {
		key  riaktest.Key
		want string
	}{{k, "b"}, {other, "a b"}} {
		client.put(test.key, "a", nil)
		client.put(test.key, "b", nil)
		expect(t, test.key.Bucket, client.get(test.key), test.want)
	}
}

func TestPropertiesOfATypeCanBeSet(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{Types: map[string]riaktest.Props{"last": {LastWriteWins: true}}})
	client := connect(t, c.Addresses()...)
	set := func(bucketType string) *riak.StoreBucketTypePropsCommandBuilder {
		return riak.NewStoreBucketTypePropsCommandBuilder().WithBucketType(bucketType)
	}
	tests := []struct {
		name  string
		build *riak.StoreBucketTypePropsCommandBuilder
		want  string
	}{
		{"quorums of a type where the last write wins", set("last").WithPr(1), "done"},
		{"quorums", set("timelines").WithPr(1).WithNotFoundOk(false), "done"},
		{
			"both conflict rules", set("timelines").WithLastWriteWins(true),
			`error Invalid bucket properties: [{last_write_wins,<<"If dvv_enabled is true, last_write_wins must be false">>}]`,
		},
		{"no such type", set("nosuch").WithPr(1), "error Invalid bucket properties: undefined"},
	}
	for _, test := range tests {
		cmd, err := test.build.Build()
		if err != nil {
			t.Fatal(err)
		}
		got := outcome{words: "done"}
		if err := client.cluster.Execute(cmd); err != nil {
			got = failure(err)
		}
		expect(t, test.name, got, test.want)
	}
	if p := propsOf(t, client, "timelines"); p.Pr != 1 || p.NotFoundOk || p.LastWriteWins {
		t.Errorf("got pr=%d notfound_ok=%v last_write_wins=%v, want 1, false, false", p.Pr, p.NotFoundOk, p.LastWriteWins)
	}
}
