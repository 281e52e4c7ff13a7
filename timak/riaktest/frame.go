package riaktest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/basho/riak-go-client/rpb/riak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// Message codes that the server knows.
const (
	codeError         = 0
	codePing          = 1
	codePong          = 2
	codeServerInfo    = 7
	codeServerInfoIs  = 8
	codeGet           = 9
	codeGot           = 10
	codePut           = 11
	codePutDone       = 12
	codeDelete        = 13
	codeDeleted       = 14
	codeGetBucket     = 19
	codeBucketIs      = 20
	codeSetBucket     = 21
	codeBucketSet     = 22
	codeResetBucket   = 29
	codeBucketReset   = 30
	codeGetBucketType = 31
	codeSetBucketType = 32
	codeAuth          = 253
	codeAuthenticated = 254
	codeStartTLS      = 255
)

// frame is one message: a code and a protocol buffer.
type frame struct {
	code byte
	body []byte
}

var (
	errEmptyFrame = errors.New("frame of no length")
	errLongFrame  = errors.New("frame too long")
)

// readFrame reads one frame. Its memory grows with what arrives, not with what the
// length claims.
func readFrame(r io.Reader, limit int) (frame, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length == 0 {
		return frame{}, errEmptyFrame
	}
	if uint64(length) > uint64(limit) {
		return frame{}, errLongFrame
	}
	const trusted = 256 << 10
	var body bytes.Buffer
	body.Grow(min(int(length), trusted) + bytes.MinRead) // so that the end does not make it grow
	if _, err := io.CopyN(&body, r, int64(length)); err != nil {
		return frame{}, err
	}
	return frame{code: body.Bytes()[0], body: body.Bytes()[1:]}, nil
}

// encode returns the frame's bytes on the wire.
func (f frame) encode() []byte {
	out := make([]byte, 0, 5+len(f.body))
	out = binary.BigEndian.AppendUint32(out, uint32(1+len(f.body)))
	out = append(out, f.code)
	return append(out, f.body...)
}

// reply makes a frame from a message; a nil message has no body.
func reply(code byte, message protoadapt.MessageV1) (frame, error) {
	if message == nil {
		return frame{code: code}, nil
	}
	body, err := proto.Marshal(v2(message))
	return frame{code: code, body: body}, err
}

// errorFrame returns the frame that tells the client that its request failed.
func errorFrame(text string) frame {
	body, err := proto.Marshal(v2(&riak.RpbErrorResp{Errmsg: []byte(text), Errcode: new(uint32(0))}))
	if err != nil { // cannot be: both required fields are set
		panic(err)
	}
	return frame{code: codeError, body: body}
}

func v2(m protoadapt.MessageV1) proto.Message {
	return protoadapt.MessageV2Of(m)
}
