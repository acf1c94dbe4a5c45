// The pages of keys and values of one loaded model: who holds each, which pages of other prompts can be used again.
// All pages exist from the start. Whole pages are shared; of a page that two sequences fill differently the later one
// gets a copy of what they have in common. Thread: the engine's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/backend/backend.h"

namespace engine {

// The pages of one sequence, in the order of its positions. Empty when it holds none.
struct PageTable {
    uint64_t owner = 0;  // request, told by the KV map
    std::vector<int32_t> pages;
    int64_t published = 0;       // leading pages that are full and shareable
    uint64_t lastPublished = 0;  // serial of the last of them; 0: none
    // Leading pages that no row to come sees any more (sliding windows). They were given back; their entries name the
    // first page that is still held, so that whoever reads too far reads the sequence's own.
    int64_t dropped = 0;

    int64_t held() const { return static_cast<int64_t>(pages.size()) - dropped; }
};

// A page is free, held by one or more sequences, or cached: held by nobody, its content kept until the space is needed.
struct PageInfo {
    enum class State : uint8_t { Free, Held, Cached };
    State state = State::Free;
    int32_t references = 0;
    uint64_t owner = 0;  // who filled it
    int64_t firstPosition = 0;
    uint64_t lastUse = 0;  // tick of KvPool; larger is later
};

class KvPool {
  public:
    struct Counts {
        int64_t total = 0, free = 0, held = 0, cached = 0,
                shared = 0;  // total = free + held + cached; shared: part of held
    };

    // `storage` may be null where only the bookkeeping is wanted. `window`: positions that a row sees, itself included,
    // in every layer; 0: all before it.
    KvPool(std::unique_ptr<KvStorage> storage, int64_t nPages, int64_t pageTokens, int64_t window = 0);

    // Attaches the longest cached prefix of whole pages to a table that holds published pages only, or none; at least
    // the last id stays to be computed, because its logits are wanted. Returns how many tokens need no computing. With
    // a window, too, the prefix must be there from its first page on.
    int64_t attachPrefix(std::span<const int32_t> ids, PageTable& table);
    // Equal for sequences whose next page to be published will be the same; 0: there is none to come.
    uint64_t nextPageKey(std::span<const int32_t> ids, const PageTable& table) const;
    // Follows attachPrefix, once it is sure that the sequence runs: of all pages that continue its last one, takes the
    // longest common run of tokens with `ids`, without the last id. The run is copied to a fresh page, because its
    // holder may go on writing; a cached page of which all is wanted is taken over instead. Returns the tokens of the
    // run; 0: nothing in common, or no page left.
    int64_t attachTail(std::span<const int32_t> ids, PageTable& table);
    // Makes room for positions [0, tokens); takes free pages first, then the cached page that was unused longest.
    // False: too few pages, nothing changed.
    bool grow(PageTable& table, int64_t tokens);
    // Tells that positions [0, computed) of `ids` are stored and will not be written again: whole pages become
    // shareable, the last one can be copied from. A page that somebody else published with the same content meanwhile
    // takes the place of ours. Pages before the window of position `computed` are given back.
    void publish(PageTable& table, std::span<const int32_t> ids, int64_t computed);
    // Gives all pages back; those that publish has told of stay cached.
    void release(PageTable& table);
    // What can be found, for a file that outlives the pool.
    struct FoundPage {
        int32_t page = -1;
        int32_t parent = -1;  // index in the same list of the full page that it continues; -1: it begins a sequence
        std::span<const int32_t> ids;
    };
    // The chains used last come first, a page after its parent; at most `most` pages. The ids are the pool's: valid
    // until it changes.
    std::vector<FoundPage> findable(int64_t most) const;
    // Gives back the pages of a table, of which `pages` hold what they say, as cached pages: the first are kept
    // longest. Returns their tokens; what was there already does not count.
    int64_t restore(PageTable& table, std::span<const FoundPage> pages);
    int64_t changes() const { return m_changes; }  // grows when something new can be found

    // Forgets every cached page.
    void clearCache();
    // Gives the memory of up to n pages that nobody holds back to the system: free ones first, then the cached ones
    // that were unused longest. They are free afterwards and take memory again when they are written. Returns how many.
    int64_t giveBack(int64_t n);

    int64_t pagesFor(int64_t tokens) const { return (tokens + m_pageTokens - 1) / m_pageTokens; }
    // Pages that a sequence of so many tokens holds at most while it is computed in chunks of so many rows.
    int64_t mostHeld(int64_t tokens, int64_t chunkRows) const;
    int64_t available() const { return m_counts.free + m_counts.cached; }
    int64_t backed() const { return m_nBacked; }  // pages that have been written and so have memory behind them
    int64_t pageTokens() const { return m_pageTokens; }
    const Counts& counts() const { return m_counts; }
    std::vector<PageInfo> map() const;  // one entry per page
    KvStorage* storage() const { return m_storage.get(); }

  private:
    // A page is found by its content: the page before it (by serial, which is never used twice) and its ids.
    struct Page {
        PageInfo info;
        uint64_t serial = 0;  // of a full page that can be continued; 0: none
        uint64_t parent = 0;
        std::vector<int32_t> ids;  // of its first positions; empty: nobody finds it
        bool backed = false;
        int32_t previous = -1, next = -1;        // in the list of cached pages, oldest first
        int32_t olderTwin = -1, newerTwin = -1;  // pages with the same parent and first id
    };

    int32_t find(uint64_t parent, std::span<const int32_t> ids) const;
    int32_t longestRun(uint64_t parent, std::span<const int32_t> ids, int32_t except, size_t& run) const;
    void leaveWindow(PageTable& table, int64_t computed);
    void publishTail(const PageTable& table, std::span<const int32_t> ids, int64_t computed);
    void makeFindable(int32_t page, uint64_t parent, std::span<const int32_t> ids);
    void hold(int32_t page, PageTable& table);
    int32_t takePage();
    void evict(int32_t page);
    void reference(int32_t page);
    void dereference(int32_t page);
    void forget(int32_t page);
    void linkNewest(int32_t page);
    void unlink(int32_t page);

    std::unique_ptr<KvStorage> m_storage;
    int64_t m_pageTokens, m_window;
    std::vector<Page> m_pages;
    std::vector<int32_t> m_free;                         // last out first
    std::unordered_map<uint64_t, int32_t> m_published;   // hash of (parent, ids) -> full page
    std::unordered_map<uint64_t, int32_t> m_newestTwin;  // hash of (parent, first id) -> page
    int32_t m_oldest = -1, m_newest = -1;
    int64_t m_nBacked = 0;
    uint64_t m_nextSerial = 1, m_tick = 0;
    int64_t m_changes = 0;
    Counts m_counts;
};

}  // namespace engine
