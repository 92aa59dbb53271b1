/* toml++ behind config/toml.h: the only C++ file of the project.
 *
 * toml++ 3.3.0 asserts on some invalid files, and with NDEBUG gives the same conditions to the
 * compiler as assumptions (clang), which would be undefined behaviour on those files. So its
 * assertions are made empty here, both ways; the parser then refuses the files by itself.
 */
#undef NDEBUG
#define TOML_ASSERT(expr)      static_cast<void>(0)
#define TOML_HEADER_ONLY       1
#define TOML_EXCEPTIONS        1
#define TOML_MAX_NESTED_VALUES 32

#include <toml++/toml.h>

#include "config/toml.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

static_assert(TOML_DEPTH_MAX == 32, "the limit given to toml++ above");

struct toml_doc {
    std::deque<toml_node> nodes; /* addresses stay */
    std::deque<std::string> texts;
    const toml_node *root = nullptr;
};

namespace
{

/* Finds bytes by line and character column. toml++ counts characters, so that a table of every
 * character's offset answers in constant time, whatever the length of a line. */
class source
{
  public:
    explicit source(std::string_view text) : text_(text)
    {
        lines_.push_back(0);
        for (size_t i = 0; i < text.size(); i++) {
            if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80)
                continue;
            chars_.push_back(static_cast<uint32_t>(i));
            if (text[i] == '\n')
                lines_.push_back(static_cast<uint32_t>(chars_.size()));
        }
    }

    size_t offset(toml::source_position p) const
    {
        if (p.line == 0 || p.column == 0 || p.line > lines_.size())
            return text_.size();
        size_t n = size_t{lines_[p.line - 1]} + (p.column - 1);
        return n < chars_.size() ? chars_[n] : text_.size();
    }

    /* The token of a scalar that is no string: from where it begins to what cannot belong to it.
     * A blank is part of it only between a date and its time. */
    std::string_view token(const toml::source_region &r, bool date) const
    {
        size_t begin = offset(r.begin), end = begin;
        while (end < text_.size() && belongs(text_[end]))
            end++;
        if (date && end - begin == 10 && end + 1 < text_.size() && text_[end] == ' ' &&
            text_[end + 1] >= '0' && text_[end + 1] <= '9')
            for (end++; end < text_.size() && belongs(text_[end]);)
                end++;
        return text_.substr(begin, end - begin);
    }

  private:
    static bool belongs(char c)
    {
        return std::strchr(" \t\r\n,]}#", c) == nullptr;
    }

    std::string_view text_;
    std::vector<uint32_t> chars_; /* byte offset of each character */
    std::vector<uint32_t> lines_; /* number of each line's first character */
};

toml_pos position(const toml::source_region &r)
{
    return toml_pos{std::max<uint32_t>(r.begin.line, 1), std::max<uint32_t>(r.begin.column, 1)};
}

bool before(const toml_node *a, const toml_node *b)
{
    return a->key_at.line != b->key_at.line ? a->key_at.line < b->key_at.line
                                            : a->key_at.column < b->key_at.column;
}

class builder
{
  public:
    builder(toml_doc &doc, const source &src) : doc_(doc), src_(src)
    {
    }

    toml_node *node(const toml::node &in)
    {
        toml_node &out = doc_.nodes.emplace_back();
        out.at = out.key_at = position(in.source());
        switch (in.type()) {
        case toml::node_type::table: table(*in.as_table(), out); break;
        case toml::node_type::array: array(*in.as_array(), out); break;
        case toml::node_type::string:
            out.type = TOML_NODE_STRING;
            text(in.as_string()->get(), out.text, out.len);
            break;
        case toml::node_type::integer:
            out.integer = in.as_integer()->get();
            scalar(in, TOML_NODE_INTEGER, out);
            break;
        case toml::node_type::floating_point: scalar(in, TOML_NODE_FLOAT, out); break;
        case toml::node_type::boolean:
            out.boolean = in.as_boolean()->get();
            scalar(in, TOML_NODE_BOOL, out);
            break;
        case toml::node_type::date: scalar(in, TOML_NODE_LOCAL_DATE, out); break;
        case toml::node_type::time: scalar(in, TOML_NODE_LOCAL_TIME, out); break;
        case toml::node_type::date_time:
            scalar(in,
                   in.as_date_time()->get().offset ? TOML_NODE_OFFSET_DATETIME
                                                   : TOML_NODE_LOCAL_DATETIME,
                   out);
            break;
        case toml::node_type::none: break; /* toml++ has no such node in a parsed document */
        }
        return &out;
    }

  private:
    void text(std::string_view in, const char *&data, size_t &len)
    {
        const std::string &s = doc_.texts.emplace_back(in);
        data = s.c_str();
        len = s.size();
    }

    void scalar(const toml::node &in, toml_type type, toml_node &out)
    {
        out.type = type;
        text(src_.token(in.source(), in.is_date() || in.is_date_time()), out.text, out.len);
    }

    static void link(const std::vector<toml_node *> &children, toml_node &out)
    {
        out.count = static_cast<uint32_t>(children.size());
        for (size_t i = 0; i + 1 < children.size(); i++)
            children[i]->next = children[i + 1];
        out.first = children.empty() ? nullptr : children.front();
    }

    void table(const toml::table &in, toml_node &out)
    {
        out.type = TOML_NODE_TABLE;
        std::vector<toml_node *> children;
        for (auto &&[key, value] : in) {
            toml_node *child = node(value);
            text(key.str(), child->key, child->key_len);
            child->key_at = position(key.source());
            children.push_back(child);
        }
        std::stable_sort(children.begin(), children.end(), before);
        link(children, out);
    }

    void array(const toml::array &in, toml_node &out)
    {
        out.type = TOML_NODE_ARRAY;
        std::vector<toml_node *> children;
        for (const toml::node &value : in)
            children.push_back(node(value));
        link(children, out);
    }

    toml_doc &doc_;
    const source &src_;
};

void describe(toml_error *error, toml_pos at, const char *text)
{
    error->at = at;
    size_t n = 0;
    for (; text[n] && n < sizeof error->text - 1; n++)
        error->text[n] =
            static_cast<unsigned char>(text[n]) < 0x20 || text[n] == 0x7f ? '?' : text[n];
    while (text[n] && n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80)
        n--; /* cut between characters */
    error->text[n] = 0;
}

} // namespace

enum err toml_parse(struct toml_doc **ret, const char *text, size_t len, struct toml_error *error)
{
    if (len >= 3 && std::memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    enum err e = toml_prescan(text, len, error);
    if (e)
        return e;
    try {
        std::string_view view(len ? text : "", len);
        auto doc = std::make_unique<toml_doc>();
        toml::table root = toml::parse(view);
        doc->root = builder(*doc, source(view)).node(root);
        *ret = doc.release();
        return ERR_OK;
    } catch (const toml::parse_error &x) {
        describe(error, position(x.source()), x.what());
        return ERR_SYNTAX;
    } catch (const std::bad_alloc &) {
        describe(error, toml_pos{1, 1}, "out of memory");
        return ERR_NOMEM;
    } catch (...) {
        describe(error, toml_pos{1, 1}, "the TOML reader failed");
        return ERR_SYNTAX;
    }
}

void toml_close(struct toml_doc *doc)
{
    delete doc;
}

const struct toml_node *toml_root(const struct toml_doc *doc)
{
    return doc->root;
}
