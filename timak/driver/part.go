package driver

import "context"

// PartGetter is what a store can do besides, if it can read the beginning of a value for
// less than the whole: boltstore, pgstore and redisstore can.
type PartGetter interface {
	// GetPart is Get, but of siblings that are longer than length bytes the store may
	// return their first length bytes instead. Then whole is false, and the object has
	// no token. A store that checks its values on Get need not check a part. length is
	// at least 1.
	GetPart(ctx context.Context, key string, length int) (object Object, whole bool, err error)
}
