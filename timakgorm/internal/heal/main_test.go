package heal_test

import (
	"os"
	"testing"

	"github.com/timak-go/timak/internal/eachstore"
)

func TestMain(m *testing.M) { os.Exit(eachstore.Main(m)) }
