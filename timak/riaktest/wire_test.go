package riaktest_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/basho/riak-go-client/rpb/riak"
	"github.com/basho/riak-go-client/rpb/riak_kv"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// wire is a connection without a client.
type wire struct {
	t      testing.TB
	socket net.Conn
}

func dial(t testing.TB, address string) *wire {
	t.Helper()
	socket, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() }) // it may already be closed
	if err := socket.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &wire{t: t, socket: socket}
}

func (w *wire) send(b ...byte) {
	w.t.Helper()
	if _, err := w.socket.Write(b); err != nil {
		w.t.Fatal(err)
	}
}

// receive reads a reply and describes it; "closed" if there is none.
func (w *wire) receive() string {
	code, body := w.frame()
	switch code {
	case -1:
		return string(body)
	case 0:
		return "error " + shortened(errorText(w.t, body))
	default:
		return fmt.Sprint(code)
	}
}

func (w *wire) frame() (code int, body []byte) {
	var head [4]byte
	if _, err := io.ReadFull(w.socket, head[:]); err != nil {
		return -1, []byte(ending(err))
	}
	frame := make([]byte, binary.BigEndian.Uint32(head[:]))
	if len(frame) == 0 {
		return -1, []byte("empty")
	}
	if _, err := io.ReadFull(w.socket, frame); err != nil {
		return -1, []byte("cut, " + ending(err))
	}
	return int(frame[0]), frame[1:]
}

func ending(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return "closed"
	}
	return err.Error()
}

func errorText(t testing.TB, body []byte) string {
	var m riak.RpbErrorResp
	if err := proto.Unmarshal(body, protoadapt.MessageV2Of(&m)); err != nil {
		t.Fatalf("error reply: %v", err)
	}
	if m.GetErrcode() != 0 {
		t.Errorf("error reply: errcode %d, want 0", m.GetErrcode())
	}
	return string(m.Errmsg)
}

// shortened leaves out what an exception reveals of a server's internals.
func shortened(text string) string {
	if strings.HasPrefix(text, "Error processing incoming message: ") {
		return "processing…"
	}
	return text
}

// message makes a frame.
func message(t testing.TB, code byte, m protoadapt.MessageV1) []byte {
	var body []byte
	if m != nil {
		var err error
		if body, err = (proto.MarshalOptions{AllowPartial: true}).Marshal(protoadapt.MessageV2Of(m)); err != nil {
			t.Fatal(err)
		}
	}
	return raw(code, body)
}

func raw(code byte, body []byte) []byte {
	frame := binary.BigEndian.AppendUint32(nil, uint32(1+len(body)))
	return append(append(frame, code), body...)
}

func content(value string) *riak_kv.RpbContent {
	return &riak_kv.RpbContent{Value: []byte(value)}
}

// Each row has its own connection: frames that are sent one by one, and the outcome
// of each. A final "closed" means that the server closes the connection.
var wireConformance = []struct {
	name string
	send func(t *testing.T, bucketType string) [][]byte
	want []string
}{
	{"ping", frames(raw(1, nil), raw(1, nil)), []string{"2", "2"}},
	{"server info", frames(raw(7, nil)), []string{"8"}},
	{
		"unknown codes leave the connection", frames(raw(250, nil), raw(251, []byte("x")), raw(1, nil)),
		[]string{"error Unknown message code: 250", "error Unknown message code: 251", "2"},
	},
	{"no security, no TLS", frames(raw(255, nil), raw(1, nil)), []string{"error Security not enabled; STARTTLS not allowed.", "2"}},
	{"a frame of no length ends the connection", frames([]byte{0, 0, 0, 0}), []string{"closed"}},
	{"a damaged get ends the connection", frames(raw(9, []byte{0xff, 0xff, 0xff})), []string{"error processing…", "closed"}},
	{"a put without content ends the connection", requests(11, &riak_kv.RpbPutReq{Bucket: []byte("b")}), []string{"error processing…", "closed"}},
	{
		"a damaged vector clock in a put ends the connection",
		requests(11, &riak_kv.RpbPutReq{Bucket: []byte("b"), Key: []byte("k"), Vclock: []byte("garbage vclock"), Content: content("x")}),
		[]string{"error processing…", "closed"},
	},
	{
		"a damaged vector clock in a delete ends the connection",
		requests(13, &riak_kv.RpbDelReq{Bucket: []byte("b"), Key: []byte("k"), Vclock: []byte("garbage vclock")}),
		[]string{"error processing…", "closed"},
	},
	{"names of no length in gets", requests(9,
		&riak_kv.RpbGetReq{Bucket: []byte{}, Key: []byte("k")},
		&riak_kv.RpbGetReq{Bucket: []byte("b"), Key: []byte{}},
		&riak_kv.RpbGetReq{Bucket: []byte("b"), Key: []byte("k"), Type: []byte{}},
	), []string{"error Bucket cannot be zero-length", "error Key cannot be zero-length", "error Type cannot be zero-length"}},
	{"names of no length in puts", requests(11,
		&riak_kv.RpbPutReq{Bucket: []byte{}, Key: []byte("k"), Content: content("x")},
		&riak_kv.RpbPutReq{Bucket: []byte("b"), Key: []byte{}, Content: content("x")},
		&riak_kv.RpbPutReq{Bucket: []byte("b"), Key: []byte("k"), Type: []byte{}, Content: content("x")},
	), []string{"error Bucket cannot be zero-length", "error Key cannot be zero-length", "error Type cannot be zero-length"}},
	{"delete of nothing", requests(13, &riak_kv.RpbDelReq{Bucket: []byte(runID), Key: []byte("never")}), []string{"14"}},
	{"n_val of a request", func(t *testing.T, bucketType string) [][]byte {
		k := newKey(bucketType)
		get := &riak_kv.RpbGetReq{Type: []byte(k.Type), Bucket: []byte(k.Bucket), Key: []byte(k.Key)}
		get.NVal = proto.Uint32(4)
		four := message(t, 9, get)
		get.NVal, get.R = proto.Uint32(1), proto.Uint32(2)
		return [][]byte{four, message(t, 9, get)}
	}, []string{"error {n_val_violation,4}", "error {n_val_violation,1}"}},
	{
		"buckets of no type", requests(19, &riak.RpbGetBucketReq{Type: []byte("nosuch"), Bucket: []byte("b")}),
		[]string{"error No bucket-type named 'nosuch'"},
	},
	{
		"set bucket of no type", requests(21, &riak.RpbSetBucketReq{Type: []byte("nosuch"), Bucket: []byte("b"), Props: &riak.RpbBucketProps{}}),
		[]string{"error No bucket-type named 'nosuch'"},
	},
}

func frames(list ...[]byte) func(*testing.T, string) [][]byte {
	return func(*testing.T, string) [][]byte { return list }
}

func requests[M protoadapt.MessageV1](code byte, list ...M) func(*testing.T, string) [][]byte {
	return func(t *testing.T, _ string) [][]byte {
		var out [][]byte
		for _, m := range list {
			out = append(out, message(t, code, m))
		}
		return out
	}
}

func TestWireConformance(t *testing.T) {
	t.Parallel()
	t.Run("riaktest", func(t *testing.T) { wireConform(t, inProcess(t, true)) })
	t.Run("real", func(t *testing.T) { wireConform(t, real(t, true)) })
}

func wireConform(t *testing.T, on target) {
	for _, row := range wireConformance {
		t.Run(row.name, func(t *testing.T) {
			w := dial(t, on.addresses[0])
			want := row.want
			for i, frame := range row.send(t, on.bucketType) {
				w.send(frame...)
				if got := w.receive(); got != want[0] {
					t.Fatalf("frame %d: got %q, want %q", i, got, want[0])
				}
				want = want[1:]
			}
			for _, last := range want {
				if got := w.receive(); got != last {
					t.Fatalf("after the frames: got %q, want %q", got, last)
				}
			}
		})
	}
	t.Run("a put without a key makes one up", func(t *testing.T) { putWithoutKey(t, on) })
	t.Run("a frame may come in pieces", func(t *testing.T) { pieces(t, on) })
}

func putWithoutKey(t *testing.T, on target) {
	w := dial(t, on.addresses[0])
	seen := map[string]bool{}
	for range 3 {
		w.send(message(t, 11, &riak_kv.RpbPutReq{Type: []byte(on.bucketType), Bucket: []byte(runID), Content: content("x")})...)
		code, body := w.frame()
		var m riak_kv.RpbPutResp
		if err := proto.Unmarshal(body, protoadapt.MessageV2Of(&m)); code != 12 || err != nil || len(m.Key) < 10 {
			t.Fatalf("got code %d, key %q, %v", code, m.Key, err)
		}
		seen[string(m.Key)] = true
		w.send(message(t, 9, &riak_kv.RpbGetReq{Type: []byte(on.bucketType), Bucket: []byte(runID), Key: m.Key})...)
		if code, body := w.frame(); code != 10 || !bytes.Contains(body, []byte("x")) {
			t.Errorf("get of the new key: got code %d, %q", code, body)
		}
	}
	if len(seen) != 3 {
		t.Errorf("3 puts made keys %v", seen)
	}
}

func pieces(t *testing.T, on target) {
	w := dial(t, on.addresses[0])
	for _, b := range message(t, 9, &riak_kv.RpbGetReq{Type: []byte(on.bucketType), Bucket: []byte(runID), Key: []byte("never")}) {
		w.send(b)
	}
	if got := w.receive(); got != "10" {
		t.Errorf("got %q, want 10", got)
	}
}
