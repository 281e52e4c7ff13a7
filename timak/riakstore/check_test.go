package riakstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

// TestMisconfigured: Open refuses what would lose data, and names the command that
// fixes it.
func TestMisconfigured(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, &riaktest.Options{Types: map[string]riaktest.Props{
		"lww":    {LastWriteWins: true},
		"no_dvv": {NoDVV: true},
		"set":    {DataType: "set"},
	}})
	for bucketType, mend := range map[string]string{
		"absent":  "riak admin bucket-type create absent",
		"default": "riak admin bucket-type create timelines",
		"lww":     "riak admin bucket-type update lww " + props,
		"no_dvv":  "riak admin bucket-type update no_dvv " + props,
		"set":     "riak admin bucket-type create timelines",
	} {
		_, err := riakstore.Open(cluster.Addresses(), &riakstore.Options{BucketType: bucketType})
		if !errors.Is(err, riakstore.ErrMisconfigured) || !strings.Contains(err.Error(), mend) {
			t.Errorf("%s: got %v, want ErrMisconfigured with %q", bucketType, err, mend)
		}
	}
}

const props = `'{"props":{"allow_mult":true,"last_write_wins":false,"dvv_enabled":true}}'`

// TestAnotherBucketType: for a bucket type that cannot be fixed, Open suggests
// another.
func TestAnotherBucketType(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, &riaktest.Options{Types: map[string]riaktest.Props{
		"timelines": {DataType: "set"},
		"set":       {DataType: "set"},
	}})
	for bucketType, another := range map[string]string{"default": "timelines", "set": "timelines", "timelines": "timelines2"} {
		_, err := riakstore.Open(cluster.Addresses(), &riakstore.Options{BucketType: bucketType})
		mend := "Options.BucketType to \"" + another + "\":\n\triak admin bucket-type create " + another + " " + props
		if !errors.Is(err, riakstore.ErrMisconfigured) || !strings.Contains(err.Error(), mend) {
			t.Errorf("%s: got %v, want ErrMisconfigured with %q", bucketType, err, mend)
		}
	}
}

// setSiblings gives the bucket properties of its own.
func setSiblings(t *testing.T, client *riak.Cluster, allowMult bool) {
	t.Helper()
	command, err := riak.NewStoreBucketPropsCommandBuilder().WithBucketType("timelines").WithBucket("timelines").WithAllowMult(allowMult).Build()
	if err == nil {
		err = client.Execute(command)
	}
	if err != nil {
		t.Error(err)
	}
}

// TestPropertiesOfABucket: a bucket's properties override those of its type, even
// if the type is suitable.
func TestPropertiesOfABucket(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	setSiblings(t, plainClient(t, cluster.Addresses()[0]), false)
	_, err := riakstore.Open(cluster.Addresses(), nil)
	if !errors.Is(err, riakstore.ErrMisconfigured) || !strings.Contains(err.Error(), "/types/timelines/buckets/timelines/props") {
		t.Errorf("got %v, want ErrMisconfigured that says how to reset the bucket", err)
	}
	opts := fresh()
	opts.BucketType = "timelines"
	open(t, cluster.Addresses(), opts)
}

// TestSecondProbe: a single loss of values is no reason to refuse a cluster.
func TestSecondProbe(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	client := plainClient(t, cluster.Addresses()[0])
	setSiblings(t, client, false)
	end := cluster.Inject(riaktest.Match{Kind: riaktest.Delete, Count: 1}, riaktest.Hang()) // the delete of the first probe
	go func() {
		until(t, func() bool { return end.Hits() == 1 })
		setSiblings(t, client, true)
		end.Remove()
	}()
	open(t, cluster.Addresses(), nil)
}

// TestProbeErrors: the error of each of the probe's writes names the package once.
func TestProbeErrors(t *testing.T) {
	t.Parallel()
	for n := range 3 {
		cluster := riaktest.Start(t, nil)
		failed := cluster.Inject(riaktest.Match{Kind: riaktest.Put, Skip: n, Count: 1}, riaktest.Fail("no_type"))
		_, err := riakstore.Open(cluster.Addresses(), quick())
		if !errors.Is(err, riakstore.ErrMisconfigured) || strings.Count(err.Error(), "riakstore: ") != 1 {
			t.Errorf("write %d: got %v, want ErrMisconfigured that names riakstore once", n+1, err)
		}
		if failed.Hits() != 1 {
			t.Errorf("write %d: %d writes failed, want 1", n+1, failed.Hits())
		}
	}
}

// TestProbeAtReplicasThatAreBehind: a suitable cluster is not refused, whatever
// quorums the options name.
func TestProbeAtReplicasThatAreBehind(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, &riaktest.Options{Nodes: 2, Ring: []int{0, 1, 1}})
	cluster.Nodes()[0].Lag() // it misses writes that it does not coordinate
	opts := quick()
	opts.R = riakstore.One
	a, b := cluster.Addresses()[0], cluster.Addresses()[1]
	for _, addresses := range [][]string{{a, b}, {b, a}} {
		open(t, addresses, opts)
	}
}

// TestAddresses: a mistake is not reported as a node that is down.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, addresses := range [][]string{nil, {""}, {"10.0.0.1"}, {"10.0.0.1:8087", ":8087"}, {"10.0.0.1:"}} {
		_, err := riakstore.Open(addresses, &riakstore.Options{RetryTime: time.Millisecond})
		if err == nil || errors.Is(err, driver.ErrUnavailable) || !strings.Contains(err.Error(), "host:port") {
			t.Errorf("%q: got %v, want an error that says what is expected", addresses, err)
		}
	}
}

// TestOptions: invalid options are refused before anything is sent.
func TestOptions(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]*riakstore.Options{
		"Connections":    {Connections: 4097},
		"ConnectTimeout": {ConnectTimeout: -1},
		"RequestTimeout": {RequestTimeout: -1},
		"RetryTime":      {RetryTime: -1},
	} {
		_, err := riakstore.Open([]string{"192.0.2.1:8087"}, opts)
		if err == nil || !strings.Contains(err.Error(), "out of range") || errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("%s: got %v, want an error about the options", name, err)
		}
	}
}
