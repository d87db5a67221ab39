// Verifiers that we did not write, behind one command: tessera's fsck, torchwood's proof verification, x/mod's note and tlog.
// Exit 0: it holds; 1: it does not, and why on stderr; 2: usage. The real `fsck` of tessera prints the same, but exits 0 either way.
package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"

	"filippo.io/torchwood"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const usage = `fsck VKEYFILE URL                  the whole log (http:, https: or file:) is what its checkpoint says (tessera)
note VKEYFILE CHECKPOINTFILE         the checkpoint is signed by the key (x/mod sumdb/note)
extends POLICYFILE CHECKPOINTFILE URL  the log has grown from the checkpoint and nothing before it changed (x/mod tlog, torchwood)
proof POLICYFILE LEAFFILE PROOFFILE  the leaf is in the log (torchwood); the policy names log key, witnesses and quorum
probes FILE                          what transparency-dev/merkle says of each inclusion or consistency proof in a JSON list, a line each
agent SOCKET                         an ssh-agent with one fresh Ed25519 key, for litewitness; prints its fingerprint`

func main() {
	commands := map[string]struct {
		arguments int
		run       func([]string) error
	}{"fsck": {2, checkLog}, "note": {2, openNote}, "extends": {3, extends}, "proof": {3, verifyProof}, "probes": {1, judgeProbes}, "agent": {1, serveAgent}}
	if len(os.Args) < 2 || commands[os.Args[1]].run == nil || len(os.Args)-2 != commands[os.Args[1]].arguments {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err := commands[os.Args[1]].run(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verifier(file string) (note.Verifier, error) {
	key, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(string(trimmed(key)))
}

func trimmed(text []byte) []byte {
	for len(text) > 0 && text[len(text)-1] == '\n' {
		text = text[:len(text)-1]
	}
	return text
}

func checkLog(args []string) error {
	key, err := verifier(args[0])
	if err != nil {
		return err
	}
	address, err := url.Parse(args[1])
	if err != nil {
		return err
	}
	var source fsck.Fetcher = &client.FileFetcher{Root: address.Path}
	if address.Scheme != "file" {
		if source, err = client.NewHTTPFetcher(address, nil); err != nil {
			return err
		}
	}
	return checked(fsck.New(key.Name(), key, source, leafHashes, fsck.Opts{N: 2}))
}

// tessera 1.0.4 panics over a bundle with too few entries: a refusal as well.
func checked(log *fsck.Fsck) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("fsck stopped: %v", cause)
		}
	}()
	return log.Check(context.Background())
}

func leafHashes(bundle []byte) ([][]byte, error) {
	entries := &api.EntryBundle{}
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(entries.Entries))
	for _, entry := range entries.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

func openNote(args []string) error {
	key, err := verifier(args[0])
	if err != nil {
		return err
	}
	text, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	_, err = note.Open(text, note.VerifierList(key))
	return err
}

func policy(file string) (torchwood.Policy, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return torchwood.ParsePolicy(text)
}

func extends(args []string) error {
	rules, err := policy(args[0])
	if err != nil {
		return err
	}
	text, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	older, _, err := torchwood.VerifyCheckpoint(text, rules)
	if err != nil {
		return fmt.Errorf("the older checkpoint: %w", err)
	}
	source, err := torchwood.NewTileFetcher(args[2])
	if err != nil {
		return err
	}
	ctx := context.Background()
	if text, err = source.ReadEndpoint(ctx, "checkpoint"); err != nil {
		return err
	}
	newer, _, err := torchwood.VerifyCheckpoint(text, rules)
	if err != nil {
		return fmt.Errorf("the newer checkpoint: %w", err)
	}
	if newer.N < older.N {
		return fmt.Errorf("the log has %d entries, and had %d", newer.N, older.N)
	}
	proof, err := tlog.ProveTree(newer.N, older.N, torchwood.TileHashReaderWithContext(ctx, newer.Tree, source))
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash)
}

func verifyProof(args []string) error {
	rules, err := policy(args[0])
	if err != nil {
		return err
	}
	leaf, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	proof, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	return torchwood.VerifyProof(rules, tlog.RecordHash(leaf), proof)
}

// In the shape of the test data of transparency-dev/merkle: with leafHash it is an inclusion, else a consistency proof.
type probe struct {
	LeafIdx, TreeSize, Size1, Size2 uint64
	LeafHash, Root, Root1, Root2    []byte
	Proof                           [][]byte
}

func judgeProbes(args []string) error {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var probes []probe
	if err := json.Unmarshal(text, &probes); err != nil {
		return err
	}
	for _, one := range probes {
		if one.LeafHash != nil {
			err = proof.VerifyInclusion(rfc6962.DefaultHasher, one.LeafIdx, one.TreeSize, one.LeafHash, one.Proof, one.Root)
		} else {
			err = proof.VerifyConsistency(rfc6962.DefaultHasher, one.Size1, one.Size2, one.Proof, one.Root1, one.Root2)
		}
		fmt.Println(err == nil)
	}
	return nil
}

func serveAgent(args []string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		return err
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", args[0])
	if err != nil {
		return err
	}
	fmt.Println(ssh.FingerprintSHA256(key))
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go agent.ServeAgent(keys, connection)
	}
}
