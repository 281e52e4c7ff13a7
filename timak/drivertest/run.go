// Package drivertest holds the tests that every driver.Store must pass, and stores
// that fail on demand.
//
// The tests use keys that nobody else uses, and assume nothing about other keys, so
// they may run against a shared cluster.
package drivertest

import (
	"crypto/rand"
	"testing"

	"github.com/timak-go/timak/timak/driver"
)

// Run runs every test of the contract as a parallel subtest of t, and those of
// driver.Lister, driver.PartGetter and driver.Adder if the store is one. open returns a store for one subtest, which closes
// it; the stores may share their contents. open may call t.Skip when the store's server
// is not available.
func Run(t *testing.T, open func(t *testing.T) driver.Store) {
	for _, tt := range contract() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(newSubject(t, open(t)))
		})
	}
}

// RunLossy runs those tests of the contract that hold even while answers get lost,
// so that puts fail with driver.ErrUnavailable although they were or will be
// carried out. See driver.Store for what holds then. It is for stores with injected
// faults.
func RunLossy(t *testing.T, open func(t *testing.T) driver.Store) {
	for _, tt := range lossy() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(newSubject(t, open(t)))
		})
	}
}

// lossy returns the tests of the contract for a store that loses answers.
func lossy() []test {
	return []test{
		{"WritersThatRead", writersThatRead},
		{"WritersThatReuseTokens", writersThatReuseTokens},
	}
}

// A test checks one sentence of the contract.
type test struct {
	name string
	run  func(s subject)
}

// contract returns every test, grouped by file.
func contract() []test {
	return []test{
		{"AbsentKey", absentKey},
		{"PutThenGet", putThenGet},
		{"TokenReplaces", tokenReplaces},
		{"StaleTokenLeavesSibling", staleTokenLeavesSibling},
		{"NilTokenAddsSibling", nilTokenAddsSibling},
		{"TokenReplacesExactlyWhatItSaw", tokenReplacesExactlyWhatItSaw},
		{"IdenticalValueIsNotLost", identicalValueIsNotLost},
		{"HistoriesAgreeWithModel", historiesAgreeWithModel},

		{"PutTokenCoversItsValue", putTokenCoversItsValue},
		{"PutTokenIsNilBesideSiblings", putTokenIsNilBesideSiblings},
		{"PutTokenLeavesLaterSiblings", putTokenLeavesLaterSiblings},
		{"ForeignToken", foreignToken},

		{"ValuesStay", valuesStay},
		{"EmptyValue", emptyValue},
		{"AnyByte", anyByte},
		{"LargeValue", largeValue},

		{"KeysAreArbitraryAndApart", keysAreArbitraryAndApart},
		{"LongKeys", longKeys},

		{"WritersThatRead", writersThatRead},
		{"WritersThatReuseTokens", writersThatReuseTokens},
		{"ReadersSeeWhatWasAcknowledged", readersSeeWhatWasAcknowledged},

		{"CancelledContext", cancelledContext},
		{"ExpiredContext", expiredContext},
		{"CancelDuringCalls", cancelDuringCalls},

		{"CloseTwice", closeTwice},
		{"ClosedStoreRefusesCalls", closedStoreRefusesCalls},
		{"CloseDuringCalls", closeDuringCalls},

		{"ListsKeysInOrder", listed(listsKeysInOrder)},
		{"ListsManyKeys", listed(listsManyKeys)},
		{"ListsAgain", listed(listsAgain)},
		{"ListRefusesEndedContext", listed(listRefusesEndedContext)},
		{"ClosedStoreRefusesList", listed(closedStoreRefusesList)},

		{"PartIsTheBeginning", parted(partIsTheBeginning)},
		{"PartsOfSiblings", parted(partsOfSiblings)},
		{"PartRefusesEndedContext", parted(partRefusesEndedContext)},
		{"ClosedStoreRefusesPart", parted(closedStoreRefusesPart)},

		{"AddReplacesNothing", added(addReplacesNothing)},
		{"AddTokenCoversAll", added(addTokenCoversAll)},
		{"AddTokenIsNilBesideOthers", added(addTokenIsNilBesideOthers)},
		{"AddTokenIsNilWithoutWhatItCovers", added(addTokenIsNilWithoutWhatItCovers)},
		{"AddedStaysWithoutItsToken", added(addedStaysWithoutItsToken)},
		{"AddForeignToken", added(addForeignToken)},
		{"AddRefusesEndedContext", added(addRefusesEndedContext)},
		{"ClosedStoreRefusesAdd", added(closedStoreRefusesAdd)},
		{"AdditionsAgreeWithModel", added(additionsAgreeWithModel)},
		{"WritersThatAdd", added(writersThatAdd)},
	}
}

// newSubject returns store as the subject of t, and closes it when t ends.
func newSubject(t *testing.T, store driver.Store) subject {
	t.Helper()
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return subject{t: t, store: store, key: newKey()}
}

// newKey returns a key that nobody else uses.
func newKey() string { return "drivertest/" + rand.Text() }
