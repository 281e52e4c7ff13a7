package main

import (
	"reflect"
	"strings"
	"testing"
)

// The sides of one measurement are one row, in their order, after the baseline's time.
func TestAddPeer(t *testing.T) {
	t.Parallel()
	all, err := parse(strings.NewReader(`pkg: example.com/timak/internal/peers
BenchmarkPeers/ids_only/page,_1_at_once/memstore-2 	 20	 10000 ns/op	 60000 baseline-ns/op	 0.2 x-cost
BenchmarkPeers/ids_only/page,_1_at_once/sorted_set-2 	 20	 30000 ns/op	 60000 baseline-ns/op	 0.5 x-cost
BenchmarkPeers/ids_only/page,_16_at_once/memstore-2 	 20	 10000 ns/op	 1280000 baseline-ns/op	 0.3 x-cost
`))
	if err != nil {
		t.Fatal(err)
	}
	var rows []peerRow
	for _, name := range all.order {
		rows = addPeer(rows, &all, name, strings.TrimPrefix(name, "peers/Peers/"))
	}
	want := []peerRow{
		{"ids only, page, 1 at once", []string{"60µs", "0.20× (0.20–0.20)", "0.50× (0.50–0.50)"}},
		{"ids only, page, 16 at once", []string{"10µs", "0.30× (0.30–0.30)"}},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("got %q\nwant %q", rows, want)
	}
}
