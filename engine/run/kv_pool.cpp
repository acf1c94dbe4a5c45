#include "engine/run/kv_pool.h"

#include <algorithm>

namespace engine {

namespace {

uint64_t contentHash(uint64_t parent, std::span<const int32_t> ids) {
    uint64_t hash = parent * 0x9E3779B97F4A7C15ull + 0xD1B54A32D192ED03ull;
    for (const int32_t id : ids) {
        hash = (hash ^ static_cast<uint32_t>(id)) * 0xFF51AFD7ED558CCDull;
        hash ^= hash >> 32;
    }
    return hash;
}

// Pages that begin alike and are compared, the newest: thousands of chats may begin with the same few tokens.
constexpr int MostTwins = 256;

size_t commonRun(std::span<const int32_t> a, std::span<const int32_t> b) {
    return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

KvPool::KvPool(std::unique_ptr<KvStorage> storage, int64_t nPages, int64_t pageTokens, int64_t window)
    : m_storage(std::move(storage)), m_pageTokens(pageTokens), m_window(window), m_pages(static_cast<size_t>(nPages)) {
    m_free.reserve(m_pages.size());
    for (int64_t page = nPages - 1; page >= 0; --page)  // low pages first: less memory is touched
        m_free.push_back(static_cast<int32_t>(page));
    m_counts.total = m_counts.free = nPages;
}

int32_t KvPool::find(uint64_t parent, std::span<const int32_t> ids) const {
    const auto it = m_published.find(contentHash(parent, ids));
    if (it == m_published.end())
        return -1;
    const Page& page = m_pages[static_cast<size_t>(it->second)];
    return page.parent == parent && std::equal(ids.begin(), ids.end(), page.ids.begin(), page.ids.end()) ? it->second
                                                                                                         : -1;
}

int64_t KvPool::attachPrefix(std::span<const int32_t> ids, PageTable& table) {
    ++m_tick;
    const auto size = static_cast<size_t>(m_pageTokens);
    table.pages.reserve(ids.size() / size + 1);  // also the tail: a page is held and listed, or neither
    for (size_t begin = static_cast<size_t>(table.published) * size; begin + size < ids.size(); begin += size) {
        const int32_t page = find(table.lastPublished, ids.subspan(begin, size));
        if (page < 0)
            break;
        reference(page);
        table.pages.push_back(page);
        table.lastPublished = m_pages[static_cast<size_t>(page)].serial;
        ++table.published;
    }
    leaveWindow(table, table.published * m_pageTokens);
    return table.published * m_pageTokens;
}

uint64_t KvPool::nextPageKey(std::span<const int32_t> ids, const PageTable& table) const {
    const auto size = static_cast<size_t>(m_pageTokens), begin = static_cast<size_t>(table.published) * size;
    return begin + size < ids.size() ? contentHash(table.lastPublished, ids.subspan(begin, size)) | 1 : 0;
}

// The page with that parent, other than `except`, that has the longest run in common with ids; -1: none has any.
int32_t KvPool::longestRun(uint64_t parent, std::span<const int32_t> ids, int32_t except, size_t& run) const {
    run = 0;
    int32_t best = -1;
    const auto it = ids.empty() ? m_newestTwin.end() : m_newestTwin.find(contentHash(parent, ids.first(1)));
    int32_t page = it == m_newestTwin.end() ? -1 : it->second;
    for (int looked = 0; page >= 0 && looked < MostTwins && run < ids.size(); ++looked) {
        const Page& p = m_pages[static_cast<size_t>(page)];
        const size_t common = p.parent == parent && page != except ? commonRun(ids, p.ids) : 0;
        if (common > run) {
            run = common;
            best = page;
        }
        page = p.olderTwin;
    }
    return best;
}

int64_t KvPool::attachTail(std::span<const int32_t> ids, PageTable& table) {
    ++m_tick;
    const auto begin = static_cast<size_t>(table.published * m_pageTokens);
    if (begin + 1 >= ids.size())
        return 0;
    const auto wanted = ids.subspan(begin, std::min(static_cast<size_t>(m_pageTokens), ids.size() - 1 - begin));
    size_t run = 0;
    const int32_t source = longestRun(table.lastPublished, wanted, -1, run);
    if (source < 0 || available() == 0)
        return 0;
    const Page& from = m_pages[static_cast<size_t>(source)];
    const bool allOfIt = from.serial == 0 && run == from.ids.size();
    if (from.info.references == 0 && (allOfIt || available() == 1)) {
        unlink(source);
        if (!allOfIt)
            forget(source);
        hold(source, table);
    } else {
        reference(source);  // lest it be the one that makes room
        const int32_t page = takePage();
        if (m_storage)
            m_storage->copyTokens(source, page, static_cast<int64_t>(run));
        dereference(source);
        hold(page, table);
    }
    return static_cast<int64_t>(run);
}

void KvPool::hold(int32_t page, PageTable& table) {
    m_pages[static_cast<size_t>(page)].info = {PageInfo::State::Held, 1, table.owner,
                                               static_cast<int64_t>(table.pages.size()) * m_pageTokens, ++m_tick};
    ++m_counts.held;
    table.pages.push_back(page);
}

bool KvPool::grow(PageTable& table, int64_t tokens) {
    const int64_t missing = pagesFor(tokens) - static_cast<int64_t>(table.pages.size());
    if (missing > available())
        return false;
    if (const auto all = static_cast<size_t>(pagesFor(tokens)); all > table.pages.capacity())
        table.pages.reserve(std::max(all, 2 * table.pages.capacity()));  // so that nothing fails half way
    for (int64_t i = 0; i < missing; ++i)
        hold(takePage(), table);
    return true;
}

void KvPool::publish(PageTable& table, std::span<const int32_t> ids, int64_t computed) {
    ++m_tick;
    const auto size = static_cast<size_t>(m_pageTokens);
    for (; (table.published + 1) * m_pageTokens <= computed; ++table.published) {
        const auto index = static_cast<size_t>(table.published);
        const auto content = ids.subspan(index * size, size);
        int32_t& own = table.pages[index];
        if (const int32_t same = find(table.lastPublished, content); same >= 0) {
            reference(same);
            dereference(own);
            own = same;
        } else {
            Page& page = m_pages[static_cast<size_t>(own)];
            const uint64_t hash = contentHash(table.lastPublished, content);
            // Two contents with one hash: the later one stays private, and nothing after it can be published.
            if (m_published.contains(hash))
                return;
            makeFindable(own, table.lastPublished, content);
            m_published.emplace(hash, own);  // where it fails, the page can be found as a tail
            page.serial = m_nextSerial++;
            page.info.lastUse = m_tick;
        }
        table.lastPublished = m_pages[static_cast<size_t>(own)].serial;
    }
    publishTail(table, ids, computed);
    leaveWindow(table, computed);
}

void KvPool::leaveWindow(PageTable& table, int64_t computed) {
    if (m_window <= 0)
        return;
    const int64_t unseen = std::max<int64_t>(computed + 1 - m_window, 0) / m_pageTokens;
    const int64_t until = std::min({unseen, table.published, static_cast<int64_t>(table.pages.size()) - 1});
    if (until <= table.dropped)
        return;
    for (; table.dropped < until; ++table.dropped)
        dereference(table.pages[static_cast<size_t>(table.dropped)]);
    std::fill_n(table.pages.begin(), until, table.pages[static_cast<size_t>(until)]);
}

int64_t KvPool::mostHeld(int64_t tokens, int64_t chunkRows) const {
    const int64_t all = pagesFor(tokens);
    return m_window <= 0 ? all : std::min(all, pagesFor(m_window + chunkRows) + 1);
}

// The page that is being filled is its sequence's alone, and what it holds so far stays: others may copy that.
void KvPool::publishTail(const PageTable& table, std::span<const int32_t> ids, int64_t computed) {
    const int64_t begin = table.published * m_pageTokens;
    if (computed > begin)
        makeFindable(table.pages[static_cast<size_t>(table.published)], table.lastPublished,
                     ids.subspan(static_cast<size_t>(begin), static_cast<size_t>(computed - begin)));
}

void KvPool::makeFindable(int32_t page, uint64_t parent, std::span<const int32_t> ids) {
    Page& p = m_pages[static_cast<size_t>(page)];
    ++m_changes;
    const bool moves = p.ids.empty() || p.parent != parent || p.ids[0] != ids[0];
    if (!moves) {
        p.ids.assign(ids.begin(), ids.end());
        return;
    }
    std::vector<int32_t> content(ids.begin(), ids.end());  // what can fail comes first
    if (!p.ids.empty())
        forget(page);
    const auto [twin, first] = m_newestTwin.emplace(contentHash(parent, ids.first(1)), page);
    p.parent = parent;
    p.ids = std::move(content);
    if (first)
        return;
    p.olderTwin = twin->second;
    m_pages[static_cast<size_t>(twin->second)].newerTwin = page;
    twin->second = page;
}

void KvPool::release(PageTable& table) {
    ++m_tick;
    // Last page first: so a page is always evicted before the page that it continues.
    for (auto i = static_cast<int64_t>(table.pages.size()) - 1; i >= table.dropped; --i)
        dereference(table.pages[static_cast<size_t>(i)]);
    table = PageTable{.owner = table.owner, .pages = {}};
}

std::vector<KvPool::FoundPage> KvPool::findable(int64_t most) const {
    std::unordered_map<uint64_t, int32_t> bySerial;
    std::vector<int32_t> latest, place(m_pages.size(), -1), chain;
    for (size_t i = 0; i < m_pages.size(); ++i) {
        if (!m_pages[i].ids.empty())
            latest.push_back(static_cast<int32_t>(i));
        if (m_pages[i].serial != 0)
            bySerial.emplace(m_pages[i].serial, static_cast<int32_t>(i));
    }
    std::stable_sort(latest.begin(), latest.end(), [this](int32_t a, int32_t b) {
        return m_pages[static_cast<size_t>(a)].info.lastUse > m_pages[static_cast<size_t>(b)].info.lastUse;
    });
    std::vector<FoundPage> found;
    for (const int32_t leaf : latest) {
        chain.clear();
        int32_t page = leaf;  // ends at -1: at a page that is in the list, or at the beginning of a sequence
        while (page >= 0 && place[static_cast<size_t>(page)] < 0) {
            chain.push_back(page);
            const uint64_t parent = m_pages[static_cast<size_t>(page)].parent;
            if (parent == 0)
                break;
            const auto it = bySerial.find(parent);
            if (it == bySerial.end())  // evicted before what continues it: of no use
                chain.clear();
            page = it == bySerial.end() ? -1 : it->second;
        }
        for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
            if (static_cast<int64_t>(found.size()) >= most)
                return found;
            const Page& p = m_pages[static_cast<size_t>(*it)];
            place[static_cast<size_t>(*it)] = static_cast<int32_t>(found.size());
            found.push_back({*it, p.parent == 0 ? -1 : place[static_cast<size_t>(bySerial[p.parent])], p.ids});
        }
    }
    return found;
}

int64_t KvPool::restore(PageTable& table, std::span<const FoundPage> pages) {
    int64_t tokens = 0;
    for (const FoundPage& found : pages) {
        const uint64_t parent =
            found.parent < 0 ? 0 : m_pages[static_cast<size_t>(pages[static_cast<size_t>(found.parent)].page)].serial;
        if (found.parent >= 0 && parent == 0)
            continue;  // its parent was there already
        Page& page = m_pages[static_cast<size_t>(found.page)];
        if (static_cast<int64_t>(found.ids.size()) == m_pageTokens) {
            if (!m_published.emplace(contentHash(parent, found.ids), found.page).second)
                continue;
            makeFindable(found.page, parent, found.ids);
            page.serial = m_nextSerial++;
        } else {
            size_t run = 0;
            longestRun(parent, found.ids, -1, run);
            if (run == found.ids.size())
                continue;
            makeFindable(found.page, parent, found.ids);
        }
        tokens += static_cast<int64_t>(found.ids.size());
    }
    release(table);
    return tokens;
}

void KvPool::clearCache() {
    while (m_oldest >= 0)
        evict(m_oldest);
}

void KvPool::evict(int32_t page) {
    unlink(page);
    forget(page);
    m_pages[static_cast<size_t>(page)].info = {};
    m_free.push_back(page);
    ++m_counts.free;
}

int64_t KvPool::giveBack(int64_t n) {
    const auto isBacked = [this](int32_t page) { return m_pages[static_cast<size_t>(page)].backed; };
    auto nBacked = static_cast<int64_t>(std::count_if(m_free.begin(), m_free.end(), isBacked));
    for (; nBacked < n && m_oldest >= 0; ++nBacked)
        evict(m_oldest);
    std::vector<int32_t> chosen;
    for (auto it = m_free.begin(); it != m_free.end() && static_cast<int64_t>(chosen.size()) < n; ++it)
        if (isBacked(*it))
            chosen.push_back(*it);
    std::sort(chosen.begin(), chosen.end());
    int64_t given = 0;
    for (size_t begin = 0, end = 0; begin < chosen.size(); begin = end) {  // neighbours at once
        while (end < chosen.size() && chosen[end] - chosen[begin] == static_cast<int32_t>(end - begin))
            ++end;
        if (m_storage && !m_storage->discard(chosen[begin], static_cast<int64_t>(end - begin)))
            break;
        for (size_t i = begin; i < end; ++i)
            m_pages[static_cast<size_t>(chosen[i])].backed = false;
        given += static_cast<int64_t>(end - begin);
    }
    m_nBacked -= given;
    // The last one is taken first: those that have memory already.
    std::stable_partition(m_free.begin(), m_free.end(), [&](int32_t page) { return !isBacked(page); });
    return given;
}

int32_t KvPool::takePage() {
    if (!m_free.empty()) {
        const int32_t page = m_free.back();
        m_free.pop_back();
        --m_counts.free;
        Page& p = m_pages[static_cast<size_t>(page)];
        m_nBacked += !p.backed;
        p.backed = true;
        return page;
    }
    const int32_t page = m_oldest;
    unlink(page);
    forget(page);
    return page;
}

void KvPool::reference(int32_t page) {
    PageInfo& info = m_pages[static_cast<size_t>(page)].info;
    info.lastUse = m_tick;
    if (info.references++ == 0) {
        unlink(page);
        info.state = PageInfo::State::Held;
        ++m_counts.held;
    } else if (info.references == 2) {
        ++m_counts.shared;
    }
}

void KvPool::dereference(int32_t page) {
    Page& p = m_pages[static_cast<size_t>(page)];
    --p.info.references;
    if (p.info.references == 1)
        --m_counts.shared;
    if (p.info.references > 0)
        return;
    --m_counts.held;
    if (p.serial == 0 && !p.ids.empty()) {  // a page that holds as much and more serves as well
        size_t run = 0;
        longestRun(p.parent, p.ids, page, run);
        if (run == p.ids.size())
            forget(page);
    }
    if (!p.ids.empty()) {
        p.info.state = PageInfo::State::Cached;
        p.info.lastUse = m_tick;
        linkNewest(page);
    } else {
        p.info = {};
        m_free.push_back(page);
        ++m_counts.free;
    }
}

void KvPool::forget(int32_t page) {
    Page& p = m_pages[static_cast<size_t>(page)];
    if (p.serial != 0)
        m_published.erase(contentHash(p.parent, p.ids));
    if (p.olderTwin >= 0)
        m_pages[static_cast<size_t>(p.olderTwin)].newerTwin = p.newerTwin;
    if (p.newerTwin >= 0)
        m_pages[static_cast<size_t>(p.newerTwin)].olderTwin = p.olderTwin;
    else if (p.olderTwin >= 0)
        m_newestTwin[contentHash(p.parent, std::span(p.ids).first(1))] = p.olderTwin;
    else
        m_newestTwin.erase(contentHash(p.parent, std::span(p.ids).first(1)));
    p.olderTwin = p.newerTwin = -1;
    p.serial = p.parent = 0;
    p.ids.clear();
}

void KvPool::linkNewest(int32_t page) {
    Page& p = m_pages[static_cast<size_t>(page)];
    p.previous = m_newest;
    p.next = -1;
    (m_newest >= 0 ? m_pages[static_cast<size_t>(m_newest)].next : m_oldest) = page;
    m_newest = page;
    ++m_counts.cached;
}

void KvPool::unlink(int32_t page) {
    Page& p = m_pages[static_cast<size_t>(page)];
    (p.previous >= 0 ? m_pages[static_cast<size_t>(p.previous)].next : m_oldest) = p.next;
    (p.next >= 0 ? m_pages[static_cast<size_t>(p.next)].previous : m_newest) = p.previous;
    p.previous = p.next = -1;
    --m_counts.cached;
}

std::vector<PageInfo> KvPool::map() const {
    std::vector<PageInfo> result;
    result.reserve(m_pages.size());
    for (const Page& page : m_pages)
        result.push_back(page.info);
    return result;
}

}  // namespace engine
