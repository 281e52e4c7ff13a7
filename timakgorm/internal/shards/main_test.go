package shards_test

import (
	"os"
	"testing"

	"github.com/timak-go/timak/timak/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
