// Package xlinq is the XML of policy expressions: LINQ to XML (XElement and its
// kin), XmlDocument with XPath, and XmlReader, as tables for package library.
//
// The trees are those of package xmltree, the searches those of xmltree/xpath; here
// stand only .NET's names for them, its rules of content and conversion, and its
// exceptions. Package library joins Specs to its allow-list and reads bodies with
// ReadBody.
//
// Invariants: nothing here reaches a file or the network (no Load by address); what
// walks or grows charges the machine; a node keeps its Go value, so that == between
// references means what it means in .NET.
package xlinq
