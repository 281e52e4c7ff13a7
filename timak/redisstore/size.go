package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/timak-go/timak/timak/driver"
)

// maxValue is the size of the largest string that Redis holds, in bytes.
const maxValue = 512 << 20

// maxSetting is the server's setting for the largest string that it takes.
// leastMaxValue is its smallest value.
const (
	maxSetting    = "proto-max-bulk-len"
	leastMaxValue = 1 << 20
)

// explainSize returns err, or driver.ErrTooLarge if the size of a value explains it:
// a server that refuses a value breaks the connection while it is being sent, so that
// the client seldom sees why.
func (s *Store) explainSize(ctx context.Context, size int, err error) error {
	if size <= leastMaxValue || !errors.Is(err, driver.ErrUnavailable) {
		return err
	}
	settings, settingErr := call(ctx, s, func(ctx context.Context) (map[string]string, error) {
		return s.client.ConfigGet(ctx, maxSetting).Result()
	})
	longest, parseErr := strconv.Atoi(settings[maxSetting])
	limit := longest + frontLen // the rest of a value is a string of its own
	if settingErr != nil || parseErr != nil || size <= limit {
		return err
	}
	return tooLarge(size, limit)
}

func tooLarge(size, limit int) error {
	return fmt.Errorf("%w: it has %d bytes, and the server takes %d (%s)", driver.ErrTooLarge, size, limit, maxSetting)
}
