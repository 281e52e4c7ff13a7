package siblings

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/timak-go/timak/timak/driver"
)

// A token is
//
//	 0       1                        9            13
//	+-------+------------------------+------------+
//	| 0x74  | highest sequence seen  | CRC-32C    |
//	+-------+------------------------+------------+
//
// with big-endian numbers. The checksum covers what precedes it and the key, so
// that a token of another key, or of another kind of store, is detected.
const (
	tokenMark = 0x74
	tokenSum  = 9
	tokenLen  = tokenSum + crc32.Size
)

// token returns the token that covers every sibling of the record.
func (r Record) token() driver.Token {
	t := make(driver.Token, 0, tokenLen)
	t = append(t, tokenMark)
	t = binary.BigEndian.AppendUint64(t, r.last())
	return binary.BigEndian.AppendUint32(t, checksum(r.key, t))
}

// parseToken returns the highest sequence number that the token covers.
func (r Record) parseToken(t driver.Token) (uint64, error) {
	if len(t) == 0 {
		return 0, nil
	}
	if len(t) != tokenLen || t[0] != tokenMark {
		return 0, fmt.Errorf("%w: %d bytes of another kind", driver.ErrToken, len(t))
	}
	if binary.BigEndian.Uint32(t[tokenSum:]) != checksum(r.key, t[:tokenSum]) {
		return 0, fmt.Errorf("%w: it is damaged or belongs to another key", driver.ErrToken)
	}
	seen := binary.BigEndian.Uint64(t[1:tokenSum])
	if seen > r.last() {
		return 0, fmt.Errorf("%w: it saw put %d of %d", driver.ErrToken, seen, r.last())
	}
	return seen, nil
}

// checksum is the CRC-32C of data and key.
func checksum(key string, data []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(data, table), table, []byte(key))
}
