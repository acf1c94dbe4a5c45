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

}  // namespace

KvPool::KvPool(std::unique_ptr<KvStorage> storage, int64_t nPages, int64_t pageTokens)
    : m_storage(std::move(storage)), m_pageTokens(pageTokens), m_pages(static_cast<size_t>(nPages)) {
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
    table.pages.reserve(ids.size() / size);  // a page is referenced and listed, or neither
    for (size_t begin = 0; begin + size < ids.size(); begin += size) {
        const int32_t page = find(table.lastPublished, ids.subspan(begin, size));
        if (page < 0)
            break;
        reference(page);
        table.pages.push_back(page);
        table.lastPublished = m_pages[static_cast<size_t>(page)].serial;
        ++table.published;
    }
    return table.published * m_pageTokens;
}

bool KvPool::grow(PageTable& table, int64_t tokens) {
    const int64_t missing = pagesFor(tokens) - static_cast<int64_t>(table.pages.size());
    if (missing > available())
        return false;
    if (const auto all = static_cast<size_t>(pagesFor(tokens)); all > table.pages.capacity())
        table.pages.reserve(std::max(all, 2 * table.pages.capacity()));  // so that nothing fails half way
    for (int64_t i = 0; i < missing; ++i) {
        const int32_t page = takePage();
        PageInfo& info = m_pages[static_cast<size_t>(page)].info;
        info = {PageInfo::State::Held, 1, table.owner, static_cast<int64_t>(table.pages.size()) * m_pageTokens,
                ++m_tick};
        ++m_counts.held;
        table.pages.push_back(page);
    }
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
            if (!m_published.emplace(hash, own).second)
                return;
            page.serial = m_nextSerial++;
            page.parent = table.lastPublished;
            page.ids.assign(content.begin(), content.end());
            page.info.lastUse = m_tick;
        }
        table.lastPublished = m_pages[static_cast<size_t>(own)].serial;
    }
}

void KvPool::release(PageTable& table) {
    ++m_tick;
    // Last page first: so a page is always evicted before the page that it continues.
    for (auto it = table.pages.rbegin(); it != table.pages.rend(); ++it)
        dereference(*it);
    table = PageTable{.owner = table.owner, .pages = {}};
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
    if (p.serial != 0) {
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
    m_published.erase(contentHash(p.parent, p.ids));
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
