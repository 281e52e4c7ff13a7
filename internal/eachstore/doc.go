// Package eachstore runs the tests of what is built on stores over stores of each kind,
// on real servers.
//
//	func TestMain(m *testing.M) { os.Exit(eachstore.Main(m)) }
//
//	func TestAdd(t *testing.T) {
//		t.Parallel()
//		eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
//			timelines := timak.New(open(), nil)
//			…
//		})
//	}
package eachstore
