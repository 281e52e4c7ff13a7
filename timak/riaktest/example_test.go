package riaktest_test

import (
	"fmt"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/riaktest"
)

// A put whose answer is lost was carried out all the same. In tests, call Start in
// place of New and Close.
func Example() {
	cluster, err := riaktest.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()
	cluster.Inject(riaktest.Match{Kind: riaktest.Put, Count: 1}, riaktest.LoseReply())

	client, err := riak.NewClient(&riak.NewClientOptions{RemoteAddresses: cluster.Addresses()})
	if err != nil {
		fmt.Println(err)
		return
	}
	put, err := riak.NewStoreValueCommandBuilder().WithBucketType("timelines").WithBucket("b").WithKey("k").
		WithContent(&riak.Object{Value: []byte("v")}).Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("error:", client.Execute(put)) // the client repeats it by default
	fmt.Println("puts:", cluster.Requests(riaktest.Put))
	fmt.Println("siblings:", len(cluster.Siblings(riaktest.Key{Type: "timelines", Bucket: "b", Key: "k"})))
	if err := client.Stop(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// error: <nil>
	// puts: 2
	// siblings: 2
}
