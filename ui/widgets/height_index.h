// Heights of many rows with their running sums: set, top of a row and row at a height cost the logarithm of their
// number (a Fenwick tree). Thread: any.
#pragma once

#include <cstddef>
#include <vector>

namespace ui {

class HeightIndex {
  public:
    int count() const { return int(m_heights.size()); }
    double height(int row) const { return m_heights[size_t(row)]; }
    double total() const { return top(count()); }

    void assign(std::vector<double> heights) {
        m_heights = std::move(heights);
        m_tree.assign(m_heights.size() + 1, 0.0);
        for (size_t i = 0; i < m_heights.size(); ++i) {  // linear build
            m_tree[i + 1] += m_heights[i];
            const size_t up = (i + 1) + ((i + 1) & (~(i + 1) + 1));
            if (up < m_tree.size())
                m_tree[up] += m_tree[i + 1];
        }
    }
    void append(double height) {
        const size_t i = m_heights.size() + 1;
        m_heights.push_back(height);
        double sum = height;  // a new node covers the rows below it down to its lowest bit
        for (size_t child = i - 1, stop = i - (i & (~i + 1)); child > stop; child -= child & (~child + 1))
            sum += m_tree[child];
        if (m_tree.empty())
            m_tree.push_back(0);
        m_tree.push_back(sum);
    }
    void truncate(int rows) {
        m_heights.resize(size_t(rows));
        m_tree.resize(size_t(rows) + 1);
    }
    void set(int row, double height) {
        const double change = height - m_heights[size_t(row)];
        m_heights[size_t(row)] = height;
        for (size_t i = size_t(row) + 1; i < m_tree.size(); i += i & (~i + 1))
            m_tree[i] += change;
    }
    // Sum of the heights of the rows before `row`.
    double top(int row) const {
        double sum = 0;
        for (size_t i = size_t(row); i > 0; i -= i & (~i + 1))
            sum += m_tree[i];
        return sum;
    }
    // The row that covers y; the first or last row when y is outside, -1 when there is none.
    int rowAt(double y) const {
        if (m_heights.empty())
            return -1;
        size_t at = 0, step = 1;
        while (step * 2 < m_tree.size())
            step *= 2;
        for (; step > 0; step /= 2) {
            if (at + step < m_tree.size() && m_tree[at + step] <= y) {
                at += step;
                y -= m_tree[at];
            }
        }
        return int(at < m_heights.size() ? at : m_heights.size() - 1);
    }

  private:
    std::vector<double> m_heights;
    std::vector<double> m_tree;
};

}  // namespace ui
