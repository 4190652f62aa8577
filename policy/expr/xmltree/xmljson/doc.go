// Package xmljson turns XML trees into JSON and JSON into XML trees, by the rules of
// Newtonsoft.Json's XmlNodeConverter and by those of the policies json-to-xml and
// xml-to-json.
//
// It parses no text: package xmltree reads XML, callers read JSON into Value. Package
// expr/library calls it for JsonConvert, internal/policies for the two policies.
//
// Invariants: nothing is lost in silence; what is made charges the Budget.
package xmljson
