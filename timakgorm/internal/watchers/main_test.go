package watchers_test

import (
	"os"
	"testing"

	"github.com/timak-go/timak/timak/pgtest"
	_ "github.com/timak-go/timak/timakgorm/pgxlisten"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
