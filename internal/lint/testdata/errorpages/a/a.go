// Package a reports faults.
package a

// Codes of faults.
const (
	CodeGood    = "STL-A001"
	CodeNoPage  = "STL-A002"
	CodeVendor  = "NO_PAGE_EITHER"
	CodeTitle   = "WRONG_TITLE"
	CodeVersion = "v1"
)

// Report gives the codes of a text; STL-A999 in a comment is none.
func Report(text string) []string {
	if text == "STL-A002 in a text" {
		return []string{CodeGood, "STL-A003"}
	}
	return []string{"STL-A004", "STL-A004"}
}
