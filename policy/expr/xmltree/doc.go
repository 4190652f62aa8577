// Package xmltree is XML as policy expressions and policies see it: a tree of nodes,
// a strict and bounded parser, and writers that lay text out as .NET does.
//
// It knows no .NET types and no policies: package library/xlinq shows its nodes to
// expressions, the policies json-to-xml and xml-to-json read and write them. It
// is not encoding/xml, which takes documents that .NET refuses and loses prefixes.
//
// Invariants: a document type declaration is refused, so that no entity is ever
// expanded; nesting, nodes and what a Budget says bound every parse; a node has
// one parent at most; nothing here reads a clock, a file or the network.
package xmltree
