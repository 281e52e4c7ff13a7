package bench

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/timak-go/timak/timak"
)

// MaxItems is how many items a full timeline has.
const MaxItems = 1000

// postSize is the length of a post's data; titleSize that of its title.
const postSize, titleSize = 200, 30

// Post returns the nth post of an author; the latest has the highest n. Its id is a
// row number with other authors' rows in between, its date has microseconds, and
// its data is 200 bytes of JSON that differ from those of any other post among a
// thousand consecutive ones. Its data is shared between callers.
func Post(n int) timak.Item {
	item := Bookmark(n)
	item.Data = rows()[n%MaxItems]
	return item
}

// Bookmark is a Post without data.
func Bookmark(n int) timak.Item {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	const often = 61_000_000 // microseconds
	return timak.Item{
		ID: fmt.Sprintf("posts:%d", 1_000_000+100*n+random.IntN(100)),
		At: time.UnixMicro(1_700_000_000_000_000 + int64(n)*often + random.Int64N(often)).UTC(),
	}
}

// Version returns the version of the nth post, which was written within a second of
// its date.
func Version(n int) int64 {
	random := rand.New(rand.NewPCG(8, uint64(n)))
	return Bookmark(n).At.UnixMicro() + random.Int64N(1_000_000)
}

// Fill returns the ops that put items 0 to count-1, each with its Version.
func Fill(count int, item func(n int) timak.Item) []timak.Op {
	ops := make([]timak.Op, count)
	for n := range ops {
		ops[n] = timak.Put(item(n)).WithVersion(Version(n))
	}
	return ops
}

// row is a post as a database row.
type row struct {
	ID        int    `json:"id"`
	AuthorID  int    `json:"author_id"`
	Title     string `json:"title"`
	Body      string `json:"body"`
	Published bool   `json:"published"`
}

// rows are made once, so that benchmarks do not measure it.
var rows = sync.OnceValue(func() [][]byte {
	all := make([][]byte, MaxItems)
	for n := range all {
		all[n] = data(n)
	}
	return all
})

func data(n int) []byte {
	random := rand.New(rand.NewPCG(9, uint64(n)))
	r := row{ID: 1_000_000 + n, AuthorID: random.IntN(10_000), Published: true}
	text := proseOf(n)
	r.Title, text = text[:titleSize], text[titleSize:]
	frame, _ := json.Marshal(r) // a row of texts and numbers cannot fail
	r.Body = text[:postSize-len(frame)]
	whole, _ := json.Marshal(r)
	return whole
}

// sawyer is the beginning of Mark Twain, The Adventures of Tom Sawyer (1876): a
// text that was not written for a compressor.
//
//go:embed sawyer.txt
var sawyer string

// proseOf returns the text of the nth post, at its greatest possible length.
func proseOf(n int) string {
	const text = postSize - 60 // the room that the frame leaves
	at := n * text % (len(prose()) - text)
	return prose()[at : at+text]
}

// prose returns the text as one line, without characters that JSON escapes, so that
// lengths are known.
var prose = sync.OnceValue(func() string {
	text := strings.Map(func(r rune) rune {
		if strings.ContainsRune("\"\\<>&", r) {
			return -1
		}
		return r
	}, sawyer)
	return strings.Join(strings.Fields(text), " ")
})
