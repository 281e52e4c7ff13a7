package feedmix_test

import (
	"os"
	"testing"

	"github.com/timak-go/timak/timakgorm/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
